import { ArgumentError, DTypeError, binaryOps, type Backend, type BinaryOp, type DType } from '@timestep/backend-api';
import { checkDistinct, type Heap } from './heap.ts';
import { addresses, countElements, isContiguous } from './strided.ts';

type Formula = (a: number, b: number) => number;

/** The table for real numbers. Sums and differences of integers wrap when they are stored in their typed array. */
const formulas: Readonly<Record<BinaryOp, Formula>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  power: (a, b) => a ** b,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  equal: (a, b) => (a === b ? 1 : 0),
  notEqual: (a, b) => (a !== b ? 1 : 0),
  less: (a, b) => (a < b ? 1 : 0),
  lessEqual: (a, b) => (a <= b ? 1 : 0),
  greater: (a, b) => (a > b ? 1 : 0),
  greaterEqual: (a, b) => (a >= b ? 1 : 0),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
};

/** Where integers differ: a product beyond 2⁵³ would lose its low bits, and a quotient truncates. */
const integerFormulas: Readonly<Record<BinaryOp, Formula>> = {
  ...formulas,
  multiply: (a, b) => Math.imul(a, b),
  divide: (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
};

export function binary(heap: Heap): Backend['binary'] {
  return (op, a, b, out, shape) => {
    const where = `binary.${op}`;
    const left = heap.values(where, a.buffer);
    const right = heap.values(where, b.buffer);
    const target = heap.values(where, out, countElements(shape));
    const rule: { readonly in: readonly DType[]; readonly out: DType | 'same' } = binaryOps[op];
    const dtype = a.buffer.dtype;
    if (
      !rule.in.includes(dtype) ||
      b.buffer.dtype !== dtype ||
      out.dtype !== (rule.out === 'same' ? dtype : rule.out)
    ) {
      throw new DTypeError(
        `[reference.${where}] expected two of ${rule.in.join(' or ')} into ${rule.out}, got ${dtype} and ${b.buffer.dtype} into ${out.dtype}; cast first`,
      );
    }
    for (const operand of [a, b]) {
      if (operand.buffer === out && !isContiguous(operand, shape)) {
        throw new ArgumentError(
          `[reference.${where}] the output is also a strided operand; allocate another buffer for the output`,
        );
      }
    }
    const formula = dtype === 'f32' ? formulas[op] : integerFormulas[op];
    const leftAt = addresses(where, a, shape);
    const rightAt = addresses(where, b, shape);
    for (let n = 0; n < target.length; n++) target[n] = formula(left[leftAt[n]!]!, right[rightAt[n]!]!);
  };
}

export function select(heap: Heap): Backend['select'] {
  return (condition, a, b, out, shape) => {
    checkDistinct('select', out, condition.buffer, a.buffer, b.buffer);
    const mask = heap.words('select', condition.buffer);
    const left = heap.values('select', a.buffer);
    const right = heap.values('select', b.buffer);
    const target = heap.values('select', out, countElements(shape));
    if (a.buffer.dtype !== out.dtype || b.buffer.dtype !== out.dtype) {
      throw new DTypeError(
        `[reference.select] expected one dtype, got ${a.buffer.dtype} and ${b.buffer.dtype} into ${out.dtype}; cast first`,
      );
    }
    const maskAt = addresses('select', condition, shape);
    const leftAt = addresses('select', a, shape);
    const rightAt = addresses('select', b, shape);
    for (let n = 0; n < target.length; n++)
      target[n] = mask[maskAt[n]!] !== 0 ? left[leftAt[n]!]! : right[rightAt[n]!]!;
  };
}
