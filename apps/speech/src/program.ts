import { backendOption, beamFlags, createProgram, wholeNumber } from '@timestep/app-shared';
import { Option } from 'commander';
import { evaluateCommand, type EvaluateOptions } from './commands/evaluate.ts';
import { defaultSteps, startSteps, train, type TrainOptions } from './commands/train.ts';
import { transcribeCommand, type TranscribeOptions } from './commands/transcribe.ts';
import { subsets } from './data/recordings.ts';
import { defaultOut } from './shipped.ts';

const dataFlag = [
  '--data <dir>',
  'a folder of recordings named {digit}_{speaker}_{index}.wav; those that come with the app by default',
] as const;

/** The commands and flags of the app. */
export function speechProgram(): ReturnType<typeof createProgram> {
  const [beam, languageModel] = beamFlags();
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
    (options: Omit<TrainOptions, 'subset'>) => train({ ...options, subset: 'train' }),
  );
  training('train', 'train a model', defaultSteps)
    .option(...dataFlag)
    .option('--download', 'train on the Free Spoken Digit Dataset, fetched once (12 MB)')
    .addOption(
      new Option('--subset <which>', 'recordings to train on: of index 5 and up, or all')
        .choices(['train', 'all'])
        .default('train'),
    )
    .action((options: TrainOptions) => train(options));
  program
    .command('evaluate')
    .description('judge a model on 256 utterances drawn with a fixed seed')
    .option(...dataFlag)
    .option('--model <file>', 'the model', defaultOut)
    .addOption(
      new Option('--subset <which>', 'recordings to judge on: of index 5 and up, of index 0 to 4, or all')
        .choices([...subsets])
        .default('test'),
    )
    .option('--json', 'print one JSON object and nothing else')
    .addOption(beam)
    .addOption(languageModel)
    .addOption(backendOption())
    .action((options: EvaluateOptions) => evaluateCommand(options));
  program
    .command('transcribe')
    .description('write down what is said in WAV files')
    .argument('<files...>', 'WAV files')
    .option('--model <file>', 'the model', defaultOut)
    .addOption(beam)
    .addOption(languageModel)
    .addOption(backendOption())
    .action((files: string[], options: TranscribeOptions) => transcribeCommand(files, options));
  return program;
}
