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
import { speech } from './app.ts';
import { readWhole } from './data/parts.ts';
import { subsets } from './data/recordings.ts';
import { drawTestSet } from './evaluation.ts';
import { defaultFeatures } from './data/features.ts';

/** Updates where --steps is not given: synthetic voices are learned sooner than people's. */
const [startSteps, trainSteps] = [1000, 1600];
/** Where `start` and `train` write where nothing else is asked for; git ignores it. */
const defaultOut = 'runs/speech/digits.safetensors';

const dataFlag = [
  '--data <dir>',
  'a folder of recordings named {digit}_{speaker}_{index}.wav; those that come with the app by default',
] as const;

const split = appCommands(speech);
/** The app with no recording held back, for `--subset all`. */
const whole = appCommands({ ...speech, read: readWhole });

/** The commands of `pnpm speech` and `pnpm start`, which are older than the app's shape, and do what its commands do. */
export function speechFront(): ReturnType<typeof createProgram> {
  const program = createProgram('speech', 'Trains a recurrent network to write down spoken digits, and uses it.');
  const training = (name: string, description: string, steps: number) =>
    program
      .command(name)
      .description(description)
      .option('--out <file>', 'the model to write', defaultOut)
      .option('--steps <count>', 'updates of the weights', wholeNumber(1), steps)
      .option('--seed <number>', 'fixes weights, utterances and augmentation', wholeNumber(0), 1)
      .option('--resume', 'go on from the checkpoint of a run that was stopped')
      .addOption(backendOption());
  training('start', 'train on the recordings that come with the app, and judge', startSteps).action(
    (flags: TrainFlags) => split.train(flags),
  );
  training('train', 'train a model', trainSteps)
    .option(...dataFlag)
    .option('--download', 'train on the Free Spoken Digit Dataset, fetched once (12 MB)')
    .addOption(
      new Option('--subset <which>', 'recordings to train on: of index 5 and up, or all')
        .choices(['train', 'all'])
        .default('train'),
    )
    .action((flags: TrainFlags & { readonly subset: string }) => (flags.subset === 'all' ? whole : split).train(flags));
  const evaluation = program
    .command('evaluate')
    .description('judge a model on utterances drawn with a fixed seed')
    .option(...dataFlag)
    .option('--model <file>', 'the model', defaultOut)
    .addOption(
      new Option('--subset <which>', 'recordings to judge on: of index 5 and up, the others, or all')
        .choices([...subsets])
        .default('test'),
    )
    .option('--json', 'print one JSON object and nothing else')
    .addOption(backendOption());
  addFlags(evaluation, speech.inference).action(evaluate);
  const transcription = program
    .command('transcribe')
    .description('write down what is said in WAV files')
    .argument('<files...>', 'WAV files')
    .option('--model <file>', 'the model', defaultOut)
    .addOption(backendOption());
  addFlags(transcription, speech.inference).action((files: string[], flags: ModelFlags) => split.predict(files, flags));
  return program;
}

type EvaluateFlags = Omit<JudgeFlags, 'subset'> & {
  readonly subset: (typeof subsets)[number];
  readonly json?: boolean;
};

async function evaluate({ subset, json, ...flags }: EvaluateFlags): Promise<void> {
  const judge: JudgeFlags = { ...(flags as JudgeFlags), subset: subset === 'train' ? 'train' : undefined };
  const { metrics, part, seconds } = await (subset === 'all' ? whole : split).evaluate(judge);
  const digitErrorRate = metrics['digitErrorRate']!;
  const digits = drawTestSet(part, defaultFeatures).utterances.reduce((sum, one) => sum + one.digits.length, 0);
  const utterances = part.length;
  if (json) console.log(JSON.stringify({ digitErrorRate, utterances, digits, seconds }));
  else
    console.log(
      `digit error ${(100 * digitErrorRate).toFixed(2)} % over ${digits} digits in ${utterances} utterances from ${part.recordings.length} recordings, ${seconds} s`,
    );
}
