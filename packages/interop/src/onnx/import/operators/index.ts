import type { Operator, Operators } from '../operator.ts';
import { activationOperators } from './activations.ts';
import { binaryOperators } from './binary.ts';
import { controlOperators } from './control.ts';
import { convolutionOperators } from './convolution.ts';
import { cumulativeOperators } from './cumulative.ts';
import { gatherOperators } from './gather.ts';
import { makers } from './makers.ts';
import { normOperators } from './norms.ts';
import { poolingOperators } from './pooling.ts';
import { productOperators } from './products.ts';
import { recurrentOperators } from './recurrent.ts';
import { rankingOperators } from './ranking.ts';
import { reductions } from './reductions.ts';
import { shapeOperators } from './shapes.ts';
import { sliceOperators } from './slices.ts';
import { typeOperators } from './types.ts';
import { unaryOperators } from './unary.ts';

/** Operators that compute with numbers. */
const computing: readonly Operators[] = [
  activationOperators,
  binaryOperators,
  convolutionOperators,
  cumulativeOperators,
  normOperators,
  poolingOperators,
  productOperators,
  rankingOperators,
  recurrentOperators,
  reductions,
  unaryOperators,
];
const moving: readonly Operators[] = [
  controlOperators,
  gatherOperators,
  makers,
  shapeOperators,
  sliceOperators,
  typeOperators,
];

const entries = (tables: readonly Operators[]) => tables.flatMap((table) => Object.entries(table));

/** All supported operators, by name. */
export const operators: ReadonlyMap<string, Operator> = new Map([
  ...entries(computing),
  ...entries(moving).map(([name, operator]): [string, Operator] => [name, { ...operator, moves: true }]),
]);
