import type { LstmSpec } from '@timestep/backend-api';

/**
 * What the backward pass needs: the gates i, f, g, o of each step `[T, N, 4H]`, every cell state `[T + 1, N, H]` with
 * the initial one at the end where the sweep starts, and with a projection o∘tanh(c') `[T, N, H]`.
 */
export type LstmSaved = 'gates' | 'cells' | 'squashed';

/** P: the width of h. */
export function outputSizeOf({ hiddenSize, variant }: LstmSpec): number {
  return variant.projectionSize || hiddenSize;
}

/** WGSL: offsets of the cell state before and after step t. A step past a length copies the first to the second. */
export function cellSlots(reverse: boolean): string {
  const slot = (shift: number): string => `((t + ${shift}u) * params.batch + n) * params.units + unit`;
  return `fn cellBefore(t: u32, n: u32, unit: u32) -> u32 { return ${slot(reverse ? 1 : 0)}; }
fn cellAfter(t: u32, n: u32, unit: u32) -> u32 { return ${slot(reverse ? 0 : 1)}; }`;
}
