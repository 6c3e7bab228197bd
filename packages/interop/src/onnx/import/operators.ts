import type { Backend } from '@timestep/core';
import { elementwise } from './elementwise.ts';
import type { OnnxNode } from './node.ts';
import { products } from './products.ts';
import { shapes } from './shapes.ts';
import type { Value } from './value.ts';

export interface Context {
  readonly node: OnnxNode;
  readonly backend: Backend;
}

/** What a node computes. The required inputs have been found to be there. */
export type Operator = (context: Context, inputs: readonly (Value | null)[]) => readonly Value[];

export type Operators = Readonly<Record<string, Operator>>;

/** How many inputs a node must have at the least, where it is not one. */
const least: Readonly<Record<string, number>> = {
  Add: 2,
  Sub: 2,
  Mul: 2,
  Div: 2,
  Pow: 2,
  Less: 2,
  Greater: 2,
  Equal: 2,
  Where: 3,
  Constant: 0,
  Expand: 2,
  Gather: 2,
  Range: 3,
  Reshape: 2,
  MatMul: 2,
  Gemm: 2,
  LayerNormalization: 2,
  LSTM: 3,
  GRU: 3,
  RNN: 3,
  Conv: 2,
};

/** Every operator without weights of its own, by name. */
export const operators: ReadonlyMap<string, Operator> = new Map(
  Object.entries({ ...elementwise, ...shapes, ...products }),
);

/** Inputs that an operator cannot do without. */
export function requiredInputs(opType: string): number {
  return least[opType] ?? 1;
}

/** Operators of which every input counts. */
export function isVariadic(opType: string): boolean {
  return ['Concat', 'Max', 'Min'].includes(opType);
}
