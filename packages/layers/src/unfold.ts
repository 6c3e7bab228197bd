import { tensor, type Tensor } from '@timestep/core';
import { record, sizeOf, wrap } from '@timestep/core/extend';

export interface Window {
  /** K, the steps in a window */
  readonly size: number;
  /** Steps from one window to the next */
  readonly stride: number;
  /** Steps between two steps of a window */
  readonly dilation: number;
}

/** The number of windows that fit into `steps`: ⌊(steps − dilation·(size − 1) − 1)/stride⌋ + 1, at least 0. */
export function windowCount(steps: number, { size, stride, dilation }: Window): number {
  return Math.max(0, Math.floor((steps - dilation * (size - 1) - 1) / stride) + 1);
}

/**
 * Collects the windows over time: x `[T, N, C]` → `[T', N, K, C]`, y[t, n, k] = x[t·stride + k·dilation, n]. It is one
 * strided copy; its gradient sums over the windows that contain a step.
 */
export function unfold(x: Tensor, window: Window): Tensor {
  const { backend } = x;
  const [steps, batch, features] = x.shape as [number, number, number];
  const { size, stride, dilation } = window;
  const count = windowCount(steps, window);
  const row = batch * features;
  const shape = [count, batch, size, features];
  const out = backend.alloc('f32', sizeOf(shape));
  backend.copy(
    { buffer: x.buffer, strides: [stride * row, features, dilation * row, 1] },
    { buffer: out, strides: [row * size, size * features, features, 1] },
    shape,
  );
  const y = wrap(x, out, shape);
  record('unfold', [y], {
    inputs: [x],
    backward: ([gradient]) => {
      // Position in the window first, so that the part of each step is one row of the scatter.
      const values = backend.alloc('f32', sizeOf(shape));
      backend.copy(
        { buffer: gradient!.buffer, strides: [features, row * size, size * features, 1] },
        { buffer: values, strides: [count * row, row, features, 1] },
        [size, count, batch, features],
      );
      const target = Int32Array.from(
        { length: size * count },
        (_, index) => (index % count) * stride + Math.floor(index / count) * dilation,
      );
      const sums = backend.alloc('f32', steps * row);
      backend.fill(sums, 0);
      backend.scatterAddRows(wrap(x, values, [size * count, row]).buffer, tensor(backend, target).buffer, sums, row);
      return [wrap(x, sums, x.shape)];
    },
  });
  return y;
}
