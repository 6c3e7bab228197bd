import type { GruSpec } from '@timestep/backend-api';

/**
 * What the backward pass needs: r, z and the candidate n of each step, with reset after also v_n = U_n h + b_hn beside
 * them; with reset before r∘h `[T, N, H]`, else that is empty.
 */
export type GruSaved = 'gates' | 'resetHidden';

/** Gate columns of a step. */
export function gatePitch({ hiddenSize, variant }: GruSpec): number {
  return (variant.reset === 'after' ? 4 : 3) * hiddenSize;
}
