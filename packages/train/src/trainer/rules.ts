import { ArgumentError, checkOptions, checkValue, is, type OptionRules, type Rule } from '@timestep/core';
import type { Module } from '@timestep/layers';
import type {
  CheckpointOptions,
  EvaluateOptions,
  FitOptions,
  ResumeOptions,
  TrainerListener,
  TrainerOptions,
  ValidationOptions,
} from './options.ts';

const signal = is.optional(is.like('an AbortSignal', 'aborted', 'addEventListener'));
const atLeastOne = is.optional(is.size());
const limit = is.optional(is.number({ above: 0 }));
const callback = is.optional(is.function);
const metricRule = is.like('a metric, such as new Accuracy()', 'update', 'compute', 'reset');
const listenerRules: OptionRules<TrainerListener> = {
  onProgress: callback,
  onValidation: callback,
  onCheckpoint: callback,
  onEnd: callback,
};

const trainerRules: OptionRules<TrainerOptions<Module, unknown>> = {
  model: is.like('a model (a Module)', 'namedParameters', 'modules'),
  loss: is.function,
  optimizer: is.like('an optimizer, such as new Adam(model.namedParameters())', 'groups', 'step', 'zeroGrad'),
  data: is.like('a data source, such as epochData(…), with next, state and restore', 'next', 'state', 'restore'),
  schedule: is.optional(is.like('a schedule, such as cosine({ steps })', 'factor')),
  accumulate: atLeastOne,
  clipNorm: limit,
  clipValue: limit,
  validation: is.optional(is.object),
  storage: is.optional(is.like('a storage, such as fileStorage(folder)', 'read', 'write', 'append', 'list', 'remove')),
  checkpoints: is.optional(is.object),
  log: is.optional(is.string),
  readEvery: atLeastOne,
  generators: is.optional(is.arrayOf(is.like('a Generator', 'state', 'fork'))),
  onGradients: callback,
  metrics: is.optional(is.object),
  predict: callback,
  average: is.optional(is.like('a WeightAverage', 'update', 'swap', 'tensors')),
  listeners: is.optional(is.arrayOf(is.object, 'an array of listeners')),
  ...listenerRules,
};

const validationRules: OptionRules<ValidationOptions<Module, unknown>> = {
  every: is.size(),
  data: callback,
  evaluate: callback,
  metric: is.optional(is.string),
  mode: is.optional(is.oneOf('min', 'max')),
  patience: atLeastOne,
  threshold: is.optional(is.number({ min: 0 })),
  restoreBest: is.optional(is.boolean),
};

const checkpointRules: OptionRules<CheckpointOptions> = {
  every: is.size(),
  keep: is.optional(is.size(2)),
  overwrite: is.optional(is.boolean),
};

export const fitRules: OptionRules<FitOptions> = {
  steps: is.optional(is.size(0)),
  epochs: is.optional(is.number({ min: 0 })),
  signal,
};

export const evaluateRules: OptionRules<EvaluateOptions> = { signal };

/** Something that `for await` takes. */
export const iterableRule: Rule = (value) =>
  typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)
    ? null
    : 'an iterable of batches';

export const batchesRule: Rule = (value) =>
  typeof value === 'function' || iterableRule(value) === null
    ? null
    : 'batches: an iterable, or a function that returns one';

export const resumeRules: OptionRules<ResumeOptions> = { checkData: is.optional(is.boolean) };

/** @throws ArgumentError for unknown or bad options, and for some that do not go together */
export function checkTrainerOptions<Model extends Module, Batch>(options: TrainerOptions<Model, Batch>): void {
  checkOptions('Trainer', options as unknown as TrainerOptions<Module, unknown>, trainerRules);
  const { validation, checkpoints, storage, log, metrics = {}, listeners = [] } = options;
  for (const [name, metric] of Object.entries(metrics))
    checkValue('Trainer', `the metric '${name}'`, metric, metricRule);
  if (Object.hasOwn(metrics, 'loss'))
    throw new ArgumentError("[Trainer] expected metrics of other names than 'loss', which is the mean loss; rename it");
  for (const listener of listeners) checkOptions('Trainer.listeners', listener, listenerRules);
  if (validation)
    checkOptions('Trainer.validation', validation as unknown as ValidationOptions<Module, unknown>, validationRules);
  if (checkpoints) checkOptions('Trainer.checkpoints', checkpoints, checkpointRules);
  if (!storage && (checkpoints || log !== undefined))
    throw new ArgumentError(
      '[Trainer] checkpoints and a log need a storage, such as fileStorage(folder) of @timestep/train/node',
    );
}
