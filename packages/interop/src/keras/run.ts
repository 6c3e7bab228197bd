import type { Backend, Tensor } from '@timestep/core';
import type { Value } from './value.ts';

/** What one run of a model knows. */
export interface Run {
  readonly backend: Backend;
  readonly training: boolean;
  /** Whether masks are read from the data, as Keras does, instead of being given as lengths. */
  readonly masksFromData: boolean;
  /** The states of stateful layers, kept from run to run. */
  readonly states: Map<object, readonly Tensor[]>;
  /** The values made so far, by the name of their place. */
  readonly values: Map<string, Value>;
}

/** Finds the value of an argument in a run. */
export type Source = (run: Run) => Value;
/** A layer with its arguments: its outputs in a run. */
export type Compute = (run: Run) => readonly Value[];
