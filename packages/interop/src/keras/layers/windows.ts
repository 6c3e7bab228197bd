import { concat, full, reshape, slice, type Tensor } from '@timestep/core';

/** Windows of `size` steps, `dilation` apart, every `stride`. */
export interface Windows {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
}

/** The numbers of zeros before and after `[N, T, C]` for Keras's `same` and `causal`. */
export function paddingOf(
  kind: 'valid' | 'same' | 'causal',
  steps: number,
  { size, stride, dilation }: Windows,
): readonly [number, number] {
  const span = dilation * (size - 1) + 1;
  if (kind === 'valid') return [0, 0];
  if (kind === 'causal') return [span - 1, 0];
  const total = Math.max((Math.ceil(steps / stride) - 1) * stride + span - steps, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** Pads x `[N, T, C]` with steps of `value` before and after. */
export function padSteps(x: Tensor, [before, after]: readonly [number, number], value = 0): Tensor {
  const [batch, , features] = x.shape as [number, number, number];
  const part = (steps: number) => (steps > 0 ? [full(x.backend, [batch, steps, features], value)] : []);
  return before + after === 0 ? x : concat([...part(before), x, ...part(after)], 1);
}

/** The number of windows in a number of steps. */
export function countWindows(steps: number, { size, stride, dilation }: Windows): number {
  return Math.max(0, Math.floor((steps - dilation * (size - 1) - 1) / stride) + 1);
}

/** The k-th step of every window, for each k: `size` tensors `[N, windows, C]` of x `[N, T, C]`. */
export function taps(x: Tensor, windows: Windows): Tensor[] {
  const count = countWindows(x.shape[1]!, windows);
  return Array.from({ length: windows.size }, (_, k) => every(x, k * windows.dilation, count, windows.stride));
}

/** `count` steps of `[N, T, C]`, `stride` apart, from `start` on. */
export function every(x: Tensor, start: number, count: number, stride: number): Tensor {
  const [batch, steps, features] = x.shape as [number, number, number];
  if (stride === 1 || count === 0) return slice(x, 1, start, start + count);
  const end = start + count * stride;
  const whole = padSteps(slice(x, 1, start, Math.min(end, steps)), [0, Math.max(0, end - steps)]);
  return reshape(slice(reshape(whole, [batch, count, stride, features]), 2, 0, 1), [batch, count, features]);
}
