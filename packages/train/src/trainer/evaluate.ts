import {
  ArgumentError,
  checkValue,
  describe,
  inScope,
  Tensor,
  type Backend,
  type Generator,
  type State,
} from '@timestep/core';
import { unowned } from '@timestep/core/extend';
import { inEvalMode, type HostTensor, type Module } from '@timestep/layers';
import { disposeState } from '../dispose-state.ts';
import { readLossResult, type ReadLoss } from './loss-result.ts';
import type { Batches, LossContext, LossFunction, Metrics, NamedMetrics, PredictFunction } from './options.ts';
import { iterableRule } from './rules.ts';
import { meanLoss } from './validation-mean.ts';

/**
 * Computes the mean loss and the metrics over batches.
 *
 * @returns null where there is no batch
 */
export async function measure<Model extends Module, Batch>(
  backend: Backend,
  loss: LossFunction<Model, Batch>,
  given: {
    readonly model: Model;
    readonly step: number;
    readonly data: Iterable<Batch> | AsyncIterable<Batch>;
    readonly metrics: NamedMetrics;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Metrics | null> {
  const { model, step, data, metrics, signal } = given;
  const mean = await meanLoss(backend, loss, model, step, data, { metrics, signal });
  if (mean === null) return null;
  const computed = Object.entries(metrics).map(([name, metric]) => [name, metric.compute()] as const);
  return { loss: mean, ...Object.fromEntries(computed) };
}

/** Runs `body` and puts the generators back to where they were. */
export async function keepingGenerators<Result>(
  generators: readonly Generator[],
  body: () => Promise<Result>,
): Promise<Result> {
  const random = generators.map(({ state }) => state);
  try {
    return await body();
  } finally {
    generators.forEach((generator, index) => (generator.state = random[index]!));
  }
}

/**
 * The batches themselves.
 *
 * @throws ArgumentError where a function returns something that cannot be iterated
 */
export function openBatches<Batch>(where: string, data: Batches<Batch>): Iterable<Batch> | AsyncIterable<Batch> {
  if (typeof data !== 'function') return data;
  const batches: unknown = data();
  checkValue(where, 'the result of data()', batches, iterableRule);
  // The rule has checked it.
  return batches as Iterable<Batch> | AsyncIterable<Batch>;
}

/** The predictions of every batch; the state goes from one to the next. */
export async function predictAll<Model extends Module, Batch>(
  backend: Backend,
  functions: { readonly loss: LossFunction<Model, Batch>; readonly predict: PredictFunction<Model, Batch> | undefined },
  given: {
    readonly model: Model;
    readonly step: number;
    readonly data: Iterable<Batch> | AsyncIterable<Batch>;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<HostTensor[]> {
  const { model, step, data, signal } = given;
  const all: HostTensor[] = [];
  let carried: State | null = null;
  try {
    for await (const batch of data) {
      signal?.throwIfAborted();
      const context: LossContext = { step, training: false, carried };
      const result = await predictBatch(backend, functions, { model, batch, context });
      disposeState(carried);
      carried = result.carried;
      all.push(result.predictions);
    }
  } finally {
    disposeState(carried);
  }
  return all;
}

/** The predictions of one batch on the host, and the state for the next one. */
async function predictBatch<Model extends Module, Batch>(
  backend: Backend,
  functions: { readonly loss: LossFunction<Model, Batch>; readonly predict: PredictFunction<Model, Batch> | undefined },
  { model, batch, context }: { readonly model: Model; readonly batch: Batch; readonly context: LossContext },
): Promise<{ readonly predictions: HostTensor; readonly carried: State | null }> {
  const { loss, predict } = functions;
  const { predictions, carried } = inEvalMode(model, () =>
    inScope(backend, { gradient: false, training: false }, () => {
      const result = predict
        ? readPredictions(predict(model, batch, context))
        : predictionsOf(readLossResult('Trainer', loss(model, batch, context)));
      const state = result.state && Object.entries(result.state).map(([name, part]) => [name, unowned(part.detach())]);
      return {
        predictions: unowned(result.predictions.detach()),
        carried: state && (Object.fromEntries(state) as State),
      };
    }),
  );
  try {
    const { dtype, shape } = predictions;
    return { predictions: { dtype, shape, data: await predictions.data() }, carried };
  } catch (error) {
    disposeState(carried);
    throw error;
  } finally {
    predictions.dispose();
  }
}

interface Predicted {
  readonly predictions: Tensor;
  readonly state: State | null;
}

function predictionsOf({ measured, state }: ReadLoss): Predicted {
  if (measured.predictions === null)
    throw new ArgumentError(
      '[Trainer] predict needs the predictions of a batch; return { loss, predictions } from the loss function, or pass the option predict',
    );
  return { predictions: measured.predictions, state };
}

function readPredictions(result: unknown): Predicted {
  const given =
    result instanceof Tensor || typeof result !== 'object' || result === null ? { predictions: result } : result;
  const { predictions, state = null } = given as { readonly predictions?: unknown; readonly state?: unknown };
  if (!(predictions instanceof Tensor))
    throw new ArgumentError(
      `[Trainer] expected the predict function to return a tensor or { predictions, state }, got ${describe(result)}; it must be synchronous`,
    );
  if (state !== null && !(typeof state === 'object' && Object.values(state).every((part) => part instanceof Tensor)))
    throw new ArgumentError(
      `[Trainer] expected the predict function's state to be an object of tensors, such as { h, c }, got ${describe(state)}`,
    );
  // The line above checks each part.
  return { predictions, state: state as State | null };
}
