import { Tensor, type Backend, type State } from '@timestep/core';
import { inEvalMode, type Module } from '@timestep/layers';
import { sizesOf } from '../data/batch-size.ts';
import { countLosses } from '../losses/counted.ts';
import { addToMetrics, disposeMeasured } from './measure.ts';
import type { LossContext, LossFunction, NamedMetrics } from './options.ts';
import { disposeState } from '../dispose-state.ts';
import { runBatch, type Backpropagated } from './run-batch.ts';

/**
 * The mean loss over batches, each of which counts by what its loss is the mean over: the `count` that the loss
 * function returns; else what a loss of this package counted, such as the elements that its mask keeps; else, where
 * that is unknown of any batch, the size of its arrays, if all of them tell the same; else 1.
 *
 * It also fills the metrics, which are empty before.
 *
 * @returns null where there is no batch
 */
export async function meanLoss<Model extends Module, Batch>(
  backend: Backend,
  loss: LossFunction<Model, Batch>,
  model: Model,
  step: number,
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  {
    metrics = {},
    signal,
  }: { readonly metrics?: NamedMetrics | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<number | null> {
  const losses: Tensor[] = [];
  const counts: (number | Tensor | null)[] = [];
  const sizes: (readonly number[])[] = [];
  const measure = Object.keys(metrics).length > 0;
  let carried: State | null = null;
  for (const metric of Object.values(metrics)) metric.reset();
  try {
    for await (const batch of batches) {
      signal?.throwIfAborted();
      const context: LossContext = { step, training: false, carried };
      let whole: Tensor | null = null;
      const inspect = (value: Tensor): void => void (whole = value);
      const { result, counted } = countLosses((): Backpropagated =>
        inEvalMode(model, () => runBatch(backend, loss, { model, batch, context, scale: null, inspect, measure })),
      );
      losses.push(result.loss);
      disposeState(carried);
      carried = result.carried;
      const found = counted.find(({ loss: one }) => one === whole) ?? (counted.length === 1 ? counted[0] : null);
      for (const other of counted) if (other !== found && other.count instanceof Tensor) other.count.dispose();
      counts.push(result.count ?? found?.count ?? null);
      if (result.count !== null && found?.count instanceof Tensor) found.count.dispose();
      sizes.push(sizesOf(batch));
      try {
        await addToMetrics(backend, metrics, result.measured);
      } finally {
        disposeMeasured(result.measured);
      }
    }
    if (losses.length === 0) return null;
    const onDevice = counts.filter((count) => count instanceof Tensor);
    const values = await backend.readMany([...losses, ...onDevice].map(({ buffer }) => buffer));
    const weights = counts.includes(null)
      ? relativeSizes(sizes)
      : counts.map((count) =>
          count instanceof Tensor ? values[losses.length + onDevice.indexOf(count)]![0]! : count!,
        );
    return weightedMean(
      losses.map((_, index) => values[index]![0]!),
      weights,
    );
  } finally {
    for (const tensor of [...losses, ...counts]) if (tensor instanceof Tensor) tensor.dispose();
    disposeState(carried);
  }
}

/** What counts 0 has no say, whatever its value. */
function weightedMean(values: readonly number[], weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return values.reduce(
    (sum, value, index) => (weights[index] === 0 ? sum : sum + (value * weights[index]!) / total),
    0,
  );
}

/** How large each batch is beside the first; all 1 where its arrays do not agree on it. */
function relativeSizes(sizes: readonly (readonly number[])[]): number[] {
  const [first] = sizes;
  const ratios = sizes.map((own) => {
    const each = own.map((size, index) => size / first![index]!);
    return own.length === first!.length && each.every((ratio) => ratio === each[0] && ratio > 0)
      ? (each[0] ?? 1)
      : null;
  });
  return ratios.includes(null) ? ratios.map(() => 1) : ratios.map((ratio) => ratio!);
}
