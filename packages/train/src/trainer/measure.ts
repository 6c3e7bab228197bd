import { ArgumentError, Tensor, type Backend, type HostArray } from '@timestep/core';
import type { Values } from '../metrics/metric.ts';
import type { Measured } from './loss-result.ts';
import type { NamedMetrics } from './options.ts';

/**
 * Adds a batch to each metric.
 *
 * @throws ArgumentError where the loss function returned no predictions or targets
 */
export async function addToMetrics(backend: Backend, metrics: NamedMetrics, measured: Measured): Promise<void> {
  const names = Object.keys(metrics);
  if (names.length === 0) return;
  const { predictions, targets, mask } = measured;
  if (predictions === null || targets === null)
    throw new ArgumentError(
      `[Trainer] the metrics ${names.join(', ')} need predictions and targets; return { loss, predictions, targets } from the loss function`,
    );
  const tensors = [predictions, targets, mask].filter((value) => value instanceof Tensor);
  const values = await backend.readMany(tensors.map(({ buffer }) => buffer));
  const read = (value: Tensor | Values): HostArray | Values =>
    value instanceof Tensor ? values[tensors.indexOf(value)]! : value;
  for (const metric of Object.values(metrics))
    metric.update(read(predictions), read(targets), mask === null ? null : read(mask));
}

/** Frees what a loss function returned for metrics. */
export function disposeMeasured({ predictions, targets, mask }: Measured): void {
  for (const value of [predictions, targets, mask]) if (value instanceof Tensor) value.dispose();
}
