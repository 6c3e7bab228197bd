import { backendOption, beamFlags, createProgram, wholeNumber } from '@timestep/app-shared';
import { Option } from 'commander';
import { evaluateCommand, type EvaluateOptions } from './commands/evaluate.ts';
import { recogniseCommand, type RecogniseOptions } from './commands/recognise.ts';
import { reportCommand, type ReportOptions } from './commands/report.ts';
import { defaultSteps, train, type TrainOptions } from './commands/train.ts';
import { subsets } from './data/samples.ts';
import { defaultOut } from './paths.ts';

const dataFlag = [
  '--data <dir>',
  'a folder of UNIPEN files (*.tra, *.tes) or *.jsonl; text drawn from single-line fonts by default',
] as const;
const modelFlag = ['--model <file>', 'the model', defaultOut] as const;

/** The commands and flags of the app. */
export function handwritingProgram(): ReturnType<typeof createProgram> {
  const program = createProgram(
    'handwriting',
    'Trains a recurrent network to read the movements of a pen, and uses it.',
  );
  const [beam, languageModel] = beamFlags();
  const subset = () =>
    new Option('--subset <which>', 'writers to judge on: the last fifth (test), the others (train), or all')
      .choices([...subsets])
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
    .option('--steps <count>', 'updates of the weights', wholeNumber(1), defaultSteps)
    .option('--seed <number>', 'fixes weights, strings and drawing', wholeNumber(0), 1)
    .option('--resume', 'go on from the checkpoint of a run that was stopped')
    .addOption(backendOption())
    .action((options: TrainOptions) => train(options));
  program
    .command('evaluate')
    .description('judge a model on strings drawn with a fixed seed')
    .option(...dataFlag)
    .option(...modelFlag)
    .addOption(subset())
    .option('--json', 'print one JSON object and nothing else')
    .addOption(beam)
    .addOption(languageModel)
    .addOption(backendOption())
    .action((options: EvaluateOptions) => evaluateCommand(options));
  program
    .command('recognise')
    .description('read the writing in UNIPEN or JSON-lines files')
    .argument('<files...>', 'files that end in .tra, .tes or .jsonl')
    .option(...modelFlag)
    .addOption(beam)
    .addOption(languageModel)
    .addOption(backendOption())
    .action((files: string[], options: RecogniseOptions) => recogniseCommand(files, options));
  program
    .command('report')
    .description('write a page that shows ink, posteriors and aligned letters')
    .option(...dataFlag)
    .option(...modelFlag)
    .addOption(subset())
    .option('--out <file>', 'the page to write; beside the model by default')
    .addOption(backendOption())
    .action((options: ReportOptions) => reportCommand(options));
  return program;
}
