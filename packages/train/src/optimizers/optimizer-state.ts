import type { HostArray, Shape } from '@timestep/core';

/** The part of an optimizer's state that is plain JSON; the rest is tensors. */
export interface OptimizerState {
  readonly kind: string;
  /** Updates that each parameter has had. */
  readonly steps: readonly (readonly [name: string, steps: number])[];
}

/** The tensors of an optimizer's state on the host, by `memory.parameter`. */
export type OptimizerTensors = ReadonlyMap<string, { readonly shape: Shape; readonly data: HostArray }>;
