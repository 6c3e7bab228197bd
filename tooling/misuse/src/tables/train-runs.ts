import { Generator, sum, zeros, type Tensor } from '@timestep/core';
import { cartPole } from '@timestep/datasets';
import { GRU, GRUCell, Linear } from '@timestep/layers';
import * as train from '@timestep/train';
import type { Entry } from '../mutations.ts';
import { backend } from './backend.ts';
import { bound, entry } from './entry.ts';

const linear = () => new Linear({ backend, inputSize: 3, outputSize: 2 });
const policy = new train.MemorylessPolicy(new Linear({ backend, inputSize: 2, outputSize: 2 }));
const environments = () => [cartPole({ velocities: false, maxSteps: 3 })];
const random = () => new Generator(1);
const numbers = async () => new Float64Array(await train.parameterVector(linear()).read());
const size = (await numbers()).length;
const gru = new GRU({ backend, inputSize: 3, hiddenSize: 2 });
const episodes = await train.rollOut(policy, environments(), { random: random(), choose: 'sample' });
const cell = new GRUCell({ backend, inputSize: 3, hiddenSize: 2 });
const learner = new train.RealTimeRecurrentLearner(cell);

const loss = (model: Linear, x: Tensor): Tensor => sum(model.forward(x));
const data = () => train.generatedData(() => zeros(backend, [2, 3]), { seed: 1, count: 4 });

/** Every option of a Trainer. `onProgress` and its like are functions of any shape. */
function trainerOptions(): Record<string, unknown> & train.TrainerOptions<Linear, Tensor> {
  const model = linear();
  return {
    model,
    loss,
    optimizer: new train.Adam(model.namedParameters()),
    data: data(),
    schedule: train.constantRate(),
    accumulate: 1,
    clipNorm: 1,
    clipValue: 1,
    validation: { every: 2, data: () => [zeros(backend, [1, 3])] },
    storage: train.memoryStorage(),
    checkpoints: { every: 2, keep: 2, overwrite: true },
    log: 'log.jsonl',
    readEvery: 1,
    generators: [random()],
    onGradients: () => undefined,
    onProgress: () => undefined,
    onValidation: () => undefined,
    onCheckpoint: () => undefined,
    onEnd: () => undefined,
    listeners: [{ onEnd: () => undefined }],
    metrics: { error: new train.MeanAbsoluteError() },
    predict: (own: Linear, x: Tensor) => own.forward(x),
    average: new train.WeightAverage(model.namedParameters()),
  };
}

const trainer = new train.Trainer(trainerOptions());
const evaluating = new train.Trainer({ ...trainerOptions(), metrics: {} });
const { metrics: _none, ...finished } = trainerOptions();
await new train.Trainer(finished).fit({ steps: 2 });
const checkpoint = await (async () => {
  const names = await finished.storage!.list();
  return await finished.storage!.read(names.find((name) => name.startsWith('checkpoint-'))!);
})();
const running = (): AbortSignal => new AbortController().signal;
// Batches may be any iterable, or a function.
const batches = { also: { '0': ['function', 'Map', 'string'] } };
const aborted = (): AbortSignal => AbortSignal.abort();
const like = (names: readonly string[]) => ({ also: Object.fromEntries(names.map((name) => [name, ['any']])) });

function rangeOptions() {
  const model = linear();
  const optimizer = new train.Adam(model.namedParameters());
  return { model, loss, optimizer, data: data(), from: 0.5, to: 5.5, steps: 3, clipNorm: 0.5 };
}

/** Calls that train, play or measure. */
export const trainRunsTable: readonly Entry[] = [
  entry(
    'Trainer',
    (options: train.TrainerOptions<Linear, Tensor>) => new train.Trainer(options),
    () => [trainerOptions()],
  ),
  entry('Trainer.fit', bound(trainer, 'fit'), () => [{ steps: 0, signal: aborted() }]),
  entry(
    'Trainer.evaluate',
    bound(evaluating, 'evaluate'),
    () => [[zeros(backend, [1, 3])], { signal: running() }],
    batches,
  ),
  entry(
    'Trainer.predict',
    bound(evaluating, 'predict'),
    () => [[zeros(backend, [1, 3])], { signal: running() }],
    batches,
  ),
  entry('learningRateRange', train.learningRateRange, () => [rangeOptions()], like(['data'])),
  entry(
    'WeightAverage',
    (parameters: train.Parameters, options: train.WeightAverageOptions) => new train.WeightAverage(parameters, options),
    () => [linear().namedParameters(), { decay: 0.5 }],
  ),
  entry(
    'evolve',
    train.evolve,
    () => [
      {
        model: linear(),
        strategy: train.cmaES(new Float64Array(size), { seed: 1, deviation: 0.5 }),
        fitness: () => 1,
        generations: 1,
        onGeneration: () => undefined,
        signal: aborted(),
      },
    ],
    like(['strategy']),
  ),
  entry('gradientFlow', train.gradientFlow, () => [
    gru,
    zeros(backend, [3, 1, 3]),
    (model: GRU, x: Tensor) => sum(model.forward(x).output),
    { threshold: 0.1 },
  ]),
  entry('modelOfCheckpoint', train.modelOfCheckpoint, () => [checkpoint], { also: { '0': ['ArrayBuffer'] } }),
  entry('episodeData', train.episodeData, () => [
    policy,
    environments(),
    { seed: 1, discount: 0.9, deviation: 0.5, onReturn: () => undefined },
  ]),
  entry('rollOut', train.rollOut, () => [
    policy,
    environments(),
    { random: random(), choose: 'sample', deviation: 0.5 },
  ]),
  entry('reinforceLoss', train.reinforceLoss, () => [
    policy,
    {
      episodes,
      advantages: new Float32Array(episodes.rewards.length),
      actions: environments()[0]!.actions,
      deviation: 0.5,
    },
  ]),
  entry(
    'RealTimeRecurrentLearner',
    (given: GRUCell) => new train.RealTimeRecurrentLearner(given),
    () => [cell],
  ),
  entry('RealTimeRecurrentLearner.step', bound(learner, 'step'), () => [
    zeros(backend, [1, 3]),
    (output: Tensor) => sum(output),
  ]),
];
