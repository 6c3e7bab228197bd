import {
  addFlags,
  appCommands,
  backendOption,
  createProgram,
  type JudgeFlags,
  type ModelFlags,
  type TrainFlags,
  wholeNumber,
} from '@timestep/app-shared';
import { Option } from 'commander';
import { handwriting } from './app.ts';
import { readWhole } from './data/parts.ts';
import { drawTestSet } from './evaluation.ts';

/** Where `train` writes where nothing else is asked for; git ignores it. */
const defaultOut = 'runs/handwriting/model.safetensors';
/** Updates where --steps is not given. */
const trainSteps = 2400;

const dataFlag = [
  '--data <dir>',
  'a folder of UNIPEN files (*.tra, *.tes) or *.jsonl; text drawn from single-line fonts by default',
] as const;
const modelFlag = ['--model <file>', 'the model', defaultOut] as const;

const split = appCommands(handwriting);
/** The app with no writer held back, for `--subset all`. */
const whole = appCommands({ ...handwriting, read: readWhole });

interface Subset {
  readonly subset: 'train' | 'test' | 'all';
}

/** The commands of `pnpm handwriting`, which are older than the app's shape, and do what its commands do. */
export function handwritingFront(): ReturnType<typeof createProgram> {
  const program = createProgram(
    'handwriting',
    'Trains a recurrent network to read the movements of a pen, and uses it.',
  );
  const subset = () =>
    new Option('--subset <which>', 'writers to judge on: the last fifth or *.tes (test), the others (train), or all')
      .choices(['train', 'test', 'all'])
      .default('test');
  program
    .command('train')
    .description('train a model, and judge it')
    .option(...dataFlag)
    .addOption(
      new Option('--subset <which>', 'writers to train on: all but the last fifth (train), or all')
        .choices(['train', 'all'])
        .default('train'),
    )
    .option('--out <file>', 'the model to write', defaultOut)
    .option('--steps <count>', 'updates of the weights', wholeNumber(1), trainSteps)
    .option('--seed <number>', 'fixes weights, strings and drawing', wholeNumber(0), 1)
    .option('--resume', 'go on from the checkpoint of a run that was stopped')
    .addOption(backendOption())
    .action((flags: TrainFlags & Subset) => (flags.subset === 'all' ? whole : split).train(flags));
  const evaluation = program
    .command('evaluate')
    .description('judge a model on strings drawn with a fixed seed')
    .option(...dataFlag)
    .option(...modelFlag)
    .addOption(subset())
    .option('--json', 'print one JSON object and nothing else')
    .addOption(backendOption());
  addFlags(evaluation, handwriting.inference).action(evaluate);
  const recognition = program
    .command('recognise')
    .description('read the writing in UNIPEN or JSON-lines files')
    .argument('<files...>', 'files that end in .tra, .tes or .jsonl')
    .option(...modelFlag)
    .addOption(backendOption());
  addFlags(recognition, handwriting.inference).action((files: string[], flags: ModelFlags) =>
    split.predict(files, flags),
  );
  program
    .command('report')
    .description('write a page that shows ink, posteriors and aligned letters')
    .option(...dataFlag)
    .option(...modelFlag)
    .addOption(subset())
    .option('--out <file>', 'the page to write; beside the model by default')
    .addOption(backendOption())
    .action(async (flags: FrontFlags & { readonly out?: string }) => {
      const out = flags.out ?? flags.model.replace(/(\.safetensors)?$/u, '.html');
      await commandsFor(flags).report({ ...judgeFlags(flags), out });
    });
  return program;
}

type FrontFlags = Omit<JudgeFlags, 'subset'> & Subset & { readonly model: string };

const commandsFor = ({ subset }: Subset) => (subset === 'all' ? whole : split);

function judgeFlags(flags: FrontFlags): JudgeFlags {
  return { ...(flags as JudgeFlags), subset: flags.subset === 'train' ? 'train' : undefined };
}

async function evaluate(flags: FrontFlags & { readonly json?: boolean }): Promise<void> {
  const { metrics, part, seconds } = await commandsFor(flags).evaluate(judgeFlags(flags));
  const characterErrorRate = metrics['characterErrorRate']!;
  const strings = part.length;
  const characters = drawTestSet(part).writings.reduce((sum, { text }) => sum + Array.from(text).length, 0);
  if (flags.json) console.log(JSON.stringify({ characterErrorRate, strings, characters, seconds }));
  else
    console.log(
      `character error ${(100 * characterErrorRate).toFixed(2)} % over ${characters} characters in ${strings} strings, ${seconds} s`,
    );
}
