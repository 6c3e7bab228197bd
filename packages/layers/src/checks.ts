import { describe, DTypeError, ShapeError, type DType, type Tensor } from '@timestep/core';
import { show } from '@timestep/core/extend';

/** Checks that x is a tensor. */
export function expectTensor(where: string, x: Tensor, name = 'x'): void {
  const given: unknown = x;
  if (typeof given === 'object' && given !== null && 'shape' in given && 'dtype' in given && 'buffer' in given) return;
  const isResult = typeof given === 'object' && given !== null && 'output' in given;
  const hint = isResult ? 'pass its .output' : 'make one with tensor(backend, …)';
  throw new DTypeError(`[${where}] expected ${name} to be a tensor, got ${describe(given)}; ${hint}`);
}

/** Checks that x is a tensor of this dtype. */
export function expectDType(where: string, x: Tensor, dtype: DType, name: string): void {
  expectTensor(where, x, name);
  if (x.dtype !== dtype)
    throw new DTypeError(
      `[${where}] expected ${name} of dtype ${dtype}, got ${x.dtype}; use tensor(backend, …, { dtype: '${dtype}' }) or cast(…, '${dtype}')`,
    );
}

/** Checks that x is f32 with `size` features in its last axis. */
export function expectFeatures(where: string, x: Tensor, size: number, hint?: string): void {
  expectFloat(where, x);
  if (x.rank < 1 || x.shape.at(-1) !== size)
    throw new ShapeError(
      `[${where}] expected x of shape [..., ${size}], got ${show(x.shape)}; ${hint ?? `pass inputSize: ${x.shape.at(-1)} or project x first`}`,
    );
}

/** Checks that x is an f32 sequence `[T, N, size]`; of any size where it is null. */
export function expectSequence(where: string, x: Tensor, size: number | null): void {
  expectFloat(where, x);
  if (x.rank === 3 && (size === null || x.shape[2] === size)) return;
  const hint =
    x.rank === 3
      ? `pass inputSize: ${x.shape[2]} or project x first`
      : x.rank === 2
        ? 'reshape a single sequence [T, D] to [T, 1, D]'
        : 'time comes first, then the sequences, then the features';
  throw new ShapeError(`[${where}] expected x of shape [T, N, ${size ?? 'D'}], got ${show(x.shape)}; ${hint}`);
}

/** Checks that x is an f32 tensor. */
export function expectFloat(where: string, x: Tensor): void {
  expectTensor(where, x);
  if (x.dtype !== 'f32')
    throw new DTypeError(`[${where}] expected x of dtype f32, got ${x.dtype}; embed indices or cast(x, 'f32') first`);
}

/** Checks that x holds f32 images `[…, channels, H, W]`; returns height and width. */
export function expectImages(where: string, x: Tensor, channels?: number): readonly [number, number] {
  expectFloat(where, x);
  if (x.rank >= 3 && (channels === undefined || x.shape.at(-3) === channels)) return [x.shape.at(-2)!, x.shape.at(-1)!];
  const hint =
    x.rank === 2
      ? 'reshape one image of one channel to [1, H, W]'
      : x.rank >= 3 && x.shape.at(-1) === channels
        ? 'channels come before height and width: transpose x'
        : 'channels come before height and width';
  throw new ShapeError(`[${where}] expected x of shape [..., ${channels ?? 'C'}, H, W], got ${show(x.shape)}; ${hint}`);
}
