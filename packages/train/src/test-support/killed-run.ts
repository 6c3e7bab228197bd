/**
 * A training run in a process of its own, for the test that kills it: `node killed-run.ts FOLDER STEPS`. It says
 * when it is ready and tells of its updates on its standard output.
 */
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Adam, generatedData, plateau, Trainer } from '../index.ts';
import { fileStorage } from '../node/index.ts';
import { lineBatch, lineLoss, LineModel } from './line.ts';

const [folder, steps] = process.argv.slice(2) as [string, string];
const backend = createReferenceBackend();
const model = new LineModel(backend, { rate: 0.3 });
const validationBatch = lineBatch(16, model.dropout.generator.fork('validation'));
const trainer = new Trainer({
  model,
  loss: lineLoss,
  optimizer: new Adam(model.namedParameters(), { learningRate: 0.02 }),
  schedule: plateau({ patience: 1, factor: 0.7 }),
  // Made ahead and late, so that a kill finds batches begun and not used.
  data: generatedData(async (_, random) => lineBatch(8, random), { seed: 3, ahead: 2 }),
  accumulate: 2,
  clipNorm: 1,
  validation: { every: 4, data: () => [validationBatch] },
  storage: fileStorage(folder),
  checkpoints: { every: 3 },
  log: 'log.jsonl',
  readEvery: 2,
  onProgress: ({ step }) => process.stdout.write(`${step}\n`),
});
process.stdout.write('ready\n');
const resumed = await trainer.resume();
if (resumed?.damaged.length) throw new Error(`damaged: ${JSON.stringify(resumed.damaged)}`);
await trainer.fit({ steps: Number(steps) });
