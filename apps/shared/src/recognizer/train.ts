import { dirname, join } from 'node:path';
import { type Backend, Generator } from '@timestep/core';
import { AdamW, generatedData, oneCycle, type Storage, Trainer } from '@timestep/train';
import { fileStorage } from '@timestep/train/node';
import { UsageError } from '../errors.ts';
import { createProgress, formatSeconds } from '../progress.ts';
import type { BatchMaker } from './batch-maker.ts';
import { type NetworkConfig, Recognizer } from './network.ts';
import { batchLoss, type LabelledBatch } from './read.ts';

/** The identity of a run, saved in its folder: a resumed run must have the same. `steps` and `seed` are used here. */
export interface RunSettings {
  readonly steps: number;
  readonly seed: number;
  readonly [name: string]: string | number;
}

export interface TrainingOptions {
  readonly backend: Backend;
  readonly network: NetworkConfig;
  /** Makes the batches; closed when training ends */
  readonly batches: BatchMaker<LabelledBatch>;
  /** Sequences of a batch, for the display */
  readonly batchSize: number;
  /** The error rate as training goes on, for the curve; it changes nothing */
  readonly watch: (model: Recognizer) => Promise<number>;
  readonly settings: RunSettings;
  /** Where the model will be saved; the run's checkpoints lie in a folder beside it */
  readonly out: string;
  readonly resume: boolean;
  readonly signal: AbortSignal;
  /** The highest rate of the cycle, 0.004 by default */
  readonly learningRate?: number;
}

export interface TrainingResult {
  readonly model: Recognizer;
  readonly seconds: number;
  readonly history: History;
}

/** The curves of a run, those before a resumption included. */
export interface History {
  readonly loss: readonly (readonly [step: number, value: number])[];
  readonly error: readonly (readonly [step: number, value: number])[];
}

const logName = 'log.jsonl';
const settingsName = 'run.json';

/** `digits.safetensors` → `digits.run`: the folder of checkpoints, log and settings. */
export function runFolder(out: string): string {
  return join(dirname(out), `${out.replace(/^.*[\\/]/u, '').replace(/\.safetensors$/u, '')}.run`);
}

/**
 * Trains a model, with checkpoints, a log and progress on the standard output.
 *
 * @throws UsageError for a resumption that has nothing to go on from or another run's settings; NonFiniteLossError;
 * TrainError;
 *   a DOMException `AbortError` after Ctrl+C, when the checkpoint is written
 */
export async function trainRecognizer({
  backend,
  network,
  batches,
  batchSize,
  watch,
  settings,
  out,
  resume,
  signal,
  learningRate = 4e-3,
}: TrainingOptions): Promise<TrainingResult> {
  const folder = runFolder(out);
  const storage = fileStorage(folder);
  const { steps, seed } = settings;
  const model = new Recognizer(backend, network, new Generator(seed));
  const named = model.namedParameters();
  const weights = named.filter(([name]) => /weight/u.test(name) && !name.startsWith('norm'));
  const others = named.filter((entry) => !weights.includes(entry));
  let error = NaN;
  let progress: ReturnType<typeof createProgress> | null = null;
  using trainer = new Trainer({
    model,
    loss: (one, batch) => batchLoss(backend, one, batch),
    optimizer: new AdamW([{ parameters: weights }, { parameters: others, weightDecay: 0 }], {
      learningRate,
      beta2: 0.98,
      weightDecay: 0.02,
    }),
    schedule: oneCycle({ steps: Math.max(2, steps), rise: 0.2 }),
    clipNorm: 5,
    data: generatedData<LabelledBatch>((index) => batches.make(index), { seed, ahead: 4 }),
    storage,
    checkpoints: { every: 100, overwrite: !resume },
    log: logName,
    readEvery: 10,
    validation: {
      every: 100,
      metric: 'errorRate',
      evaluate: async (one) => {
        error = await watch(one);
        return { errorRate: error };
      },
    },
    onProgress: ({ step, loss, stepsPerSecond }) => {
      const details = [
        `loss ${loss.toFixed(3)}`,
        ...(Number.isNaN(error) ? [] : [`error ${(100 * error).toFixed(1)} %`]),
        `${Math.round(stepsPerSecond * batchSize)} utterances/s`,
      ];
      progress?.update(step, details);
    },
  });
  try {
    await prepareFolder(storage, folder, settings, resume);
    const done = resume ? await goOn(trainer, folder) : 0;
    const started = performance.now();
    progress = createProgress({ total: steps, done });
    const { reason } = await trainer.fit({ steps, signal });
    progress.stop();
    if (reason === 'aborted') {
      console.log(`stopped; the checkpoint is in ${folder}, go on with --resume`);
      throw new DOMException('training was interrupted', 'AbortError');
    }
    const seconds = (performance.now() - started) / 1000;
    console.log(`trained ${steps - done} steps in ${formatSeconds(seconds)}`);
    return { model, seconds, history: readHistory(await storage.read(logName)) };
  } catch (failure) {
    progress?.stop();
    model.dispose();
    throw failure;
  } finally {
    await batches.close();
  }
}

async function goOn(
  trainer: { resume(): ReturnType<Trainer<Recognizer, LabelledBatch>['resume']> },
  folder: string,
): Promise<number> {
  const report = await trainer.resume();
  if (!report)
    throw new UsageError(`[train] ${folder} holds no checkpoint to go on from; leave --resume out to start anew`);
  for (const { name, reason } of report.damaged)
    console.log(`${join(folder, name)} is damaged and was passed over: ${reason}`);
  console.log(`going on from ${join(folder, report.name)}, step ${report.step}`);
  return report.step;
}

/** A new run's settings are written down, a resumed one's compared. */
async function prepareFolder(storage: Storage, folder: string, settings: RunSettings, resume: boolean): Promise<void> {
  const names = await storage.list();
  if (!resume) {
    if (names.includes(logName)) await storage.remove(logName);
    await storage.write(settingsName, [new TextEncoder().encode(`${JSON.stringify(settings, null, 2)}\n`)]);
    return;
  }
  if (!names.includes(settingsName))
    throw new UsageError(
      `[train] there is no run in ${folder} to go on with; pass --out the file of the run, or leave --resume out to start one`,
    );
  const before = JSON.parse(new TextDecoder().decode(await storage.read(settingsName))) as Readonly<
    Record<string, unknown>
  >;
  const different = Object.entries(settings).filter(([name, value]) => before[name] !== value);
  if (different.length > 0) {
    const list = different
      .map(([name, value]) => `${name} ${JSON.stringify(before[name])} then and ${JSON.stringify(value)} now`)
      .join(', ');
    throw new UsageError(
      `[train] the run in ${folder} was started with other settings: ${list}; repeat its flags, or leave --resume out to start anew`,
    );
  }
}

function readHistory(log: Uint8Array): History {
  const records = new TextDecoder()
    .decode(log)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { type: string; step: number; loss?: number; errorRate?: number });
  return {
    loss: records.flatMap(({ type, step, loss }) =>
      type === 'train' && loss !== undefined ? [[step, loss] as const] : [],
    ),
    error: records.flatMap(({ type, step, errorRate }) =>
      type === 'validation' && errorRate !== undefined ? [[step, errorRate] as const] : [],
    ),
  };
}
