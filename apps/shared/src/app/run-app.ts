import { fileURLToPath } from 'node:url';
import type { Module } from '@timestep/layers';
import type { Json } from '@timestep/train';
import { type Command, Option } from 'commander';
import { backendOption, createProgram, runProgram, wholeNumber } from '../program.ts';
import { formatSeconds } from '../progress.ts';
import type { App } from './app.ts';
import { appCommands, type JudgeFlags, type ModelFlags, printMetrics, type TrainFlags } from './commands.ts';
import { subsets } from './data.ts';
import { addFlags, type Settings } from './settings.ts';

/**
 * Runs an app's command line and gives its exit status.
 *
 * @param argv without node and the script, such as `['train', '--steps', '100']`
 */
export async function runApp<
  C extends Settings,
  I extends Settings,
  Part extends { readonly length: number },
  Saved extends Json,
  Model extends Module,
  Batch,
>(app: App<C, I, Part, Saved, Model, Batch>, argv: readonly string[]): Promise<number> {
  const program = createProgram(app.name, app.summary);
  const commands = appCommands(app);

  const train = dataFlags(program.command('train').description('train a model, judge it, write model and report'))
    .option('--out <file>', 'the model to write', `${app.name}.safetensors`)
    .option('--steps <n>', 'updates in all', wholeNumber(1))
    .option('--seed <n>', 'fixes weights and batches', wholeNumber(0), 1)
    .option('--resume', 'go on with the run of --out');
  addFlags(addFlags(train, app.config), app.inference).action(async (flags: TrainFlags) => commands.train(flags));

  const evaluate = dataFlags(program.command('evaluate').description('judge a model'))
    .addOption(modelOption())
    .addOption(subsetOption())
    .option('--json', 'print one JSON object');
  addFlags(evaluate, app.inference).action(async (flags: JudgeFlags) => printJudgement(flags));

  const predict = program
    .command('predict')
    .description('answer the inputs, or each line of the standard input')
    .argument('[inputs...]', 'texts, or the paths of files')
    .addOption(modelOption())
    .addOption(backendOption());
  addFlags(predict, app.inference).action(async (inputs: string[], flags: ModelFlags) =>
    commands.predict(inputs, flags),
  );

  const report = dataFlags(program.command('report').description('write the report page of a model'))
    .addOption(modelOption())
    .addOption(subsetOption())
    .option('--out <file>', 'the page to write', `${app.name}.html`);
  addFlags(report, app.inference).action(async (flags: JudgeFlags & { out: string }) => commands.report(flags));

  return await runProgram(program, argv);

  function dataFlags(command: Command): Command {
    command.option('--data <folder>', 'the data set; the sample that ships with the app by default');
    if (app.download) command.option('--download', 'fetch the real data set and use it');
    return command.addOption(backendOption());
  }

  function modelOption(): Option {
    const option = new Option('--model <file>', 'the model');
    return app.shippedModel
      ? option.default(fileURLToPath(app.shippedModel), 'the one that ships')
      : option.default(`${app.name}.safetensors`);
  }

  async function printJudgement(flags: JudgeFlags & { readonly json?: boolean }): Promise<void> {
    const judgement = await commands.evaluate(flags);
    const { metrics, part, seconds } = judgement;
    if (flags.json) console.log(JSON.stringify({ app: app.name, metrics, examples: part.length, seconds }));
    else {
      printMetrics(judgement, metrics);
      console.log(`in ${formatSeconds(seconds)}`);
    }
  }
}

function subsetOption(): Option {
  return new Option('--subset <name>', 'the part to judge on; test where there is one, else validation').choices(
    subsets,
  );
}
