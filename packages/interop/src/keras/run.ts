import type { Backend, Tensor } from '@timestep/core';
import type { Value } from './value.ts';

/** The data of one run of a model. */
export interface Run {
  readonly backend: Backend;
  readonly training: boolean;
  /** Whether masks are computed from the data, like in Keras, instead of from lengths. */
  readonly masksFromData: boolean;
  /** The states of stateful layers, kept from run to run. */
  readonly states: Map<object, readonly Tensor[]>;
  /** The values computed so far, by key. */
  readonly values: Map<string, Value>;
}

/** Finds the value of an argument in a run. */
export type Source = (run: Run) => Value;
/** A layer with its arguments: its outputs in a run. */
export type Compute = (run: Run) => readonly Value[];
