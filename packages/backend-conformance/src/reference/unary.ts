import { DTypeError, unaryOps, type Backend, type DType, type UnaryOp } from '@timestep/backend-api';
import type { Heap } from './heap.ts';

type Formula = (x: number, alpha: number, beta: number) => number;

/** Every operation of the table by its textbook formula; float64 is accurate enough for the plain forms. */
const formulas: Readonly<Record<UnaryOp, Formula>> = {
  negative: (x) => -x,
  absolute: (x) => Math.abs(x),
  sign: (x) => Math.sign(x),
  affine: (x, alpha, beta) => alpha * x + beta,
  power: (x, alpha) => x ** alpha,
  clamp: (x, alpha, beta) => Math.min(Math.max(x, alpha), beta),
  exp: (x) => Math.exp(x),
  expm1: (x) => Math.expm1(x),
  log: (x) => Math.log(x),
  log1p: (x) => Math.log1p(x),
  sqrt: (x) => Math.sqrt(x),
  rsqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  square: (x) => x * x,
  sin: (x) => Math.sin(x),
  cos: (x) => Math.cos(x),
  tanh: (x) => Math.tanh(x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  relu: (x) => (x < 0 ? 0 : x),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  floor: (x) => Math.floor(x),
  ceil: (x) => Math.ceil(x),
  isFinite: (x) => (Number.isFinite(x) ? 1 : 0),
  logicalNot: (x) => (x === 0 ? 1 : 0),
};

export function unary(heap: Heap): Backend['unary'] {
  return (op, input, out, alpha, beta) => {
    const where = `unary.${op}`;
    const source = heap.values(where, input);
    const target = heap.values(where, out, input.length);
    const rule: { readonly in: readonly DType[]; readonly out: DType | 'same' } = unaryOps[op];
    const expected = rule.out === 'same' ? input.dtype : rule.out;
    if (!rule.in.includes(input.dtype) || out.dtype !== expected) {
      throw new DTypeError(
        `[reference.${where}] expected ${rule.in.join(' or ')} into ${rule.out}, got ${input.dtype} into ${out.dtype}; cast first`,
      );
    }
    const formula = formulas[op];
    for (let n = 0; n < source.length; n++) target[n] = formula(source[n]!, alpha, beta);
  };
}
