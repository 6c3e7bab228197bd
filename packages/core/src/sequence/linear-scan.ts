import {
  is,
  ShapeError,
  type Backend,
  type OptionRules,
  type DeviceBuffer,
  type StridedOperand,
} from '@timestep/backend-api';
import { record, wrap } from '../autograd/record.ts';
import { zeros } from '../create.ts';
import { applyFused } from '../fused/apply.ts';
import { chooseFused, fusedRules, type FusedOption } from '../fused/choose.ts';
import { checkOperation, expectDType, sameBackend, tensorRule } from '../ops/check.ts';
import { sameShape, show, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** Options of {@link linearScan}. */
export interface LinearScanOptions extends FusedOption {
  /** The state before the first step, `[…]`; 0 by default. */
  readonly initial?: Tensor | null | undefined;
  /** From the last step to the first: h_t = a_t∘h_{t+1} + b_t. */
  readonly reverse?: boolean | undefined;
}

const rules: OptionRules<LinearScanOptions> = {
  ...fusedRules,
  initial: is.nullable(tensorRule),
  reverse: is.optional(is.boolean),
};

/**
 * The linear recurrence h_t = a_t∘h_{t−1} + b_t for all t by a parallel prefix: pairs of steps join to one, the halved
 * sequence is solved, and the steps in between follow from it (Blelloch 1990, section 1.4). Depth 2·log₂ T, and work in
 * proportion to T; the gradient is the same recurrence in the other direction. A backend may fuse it.
 *
 * @example
 * ```ts
 * linearScan(full(backend, [3], 0.5), tensor(backend, [1, 0, 0])); // [1, 0.5, 0.25]
 * ```
 *
 * @param a `[T, …]`
 * @param b `[T, …]`
 * @returns h, `[T, …]`
 * @throws ShapeError where the shapes differ
 */
export function linearScan(a: Tensor, b: Tensor, options: LinearScanOptions = {}): Tensor {
  checkOperation('linearScan', options, rules);
  const { initial = null, reverse = false } = options;
  for (const [name, given] of [
    ['a', a],
    ['b', b],
    ['initial', initial],
  ] as const)
    if (given !== null || name !== 'initial') expectDType('linearScan', name, given!, ['f32']);
  sameBackend('linearScan', [a, b, initial]);
  if (a.rank < 1 || !sameShape(a.shape, b.shape))
    throw new ShapeError(
      `[linearScan] expected a and b of one shape [T, ...], got ${show(a.shape)} and ${show(b.shape)}`,
    );
  const rowShape = a.shape.slice(1);
  if (initial && !sameShape(initial.shape, rowShape))
    throw new ShapeError(`[linearScan] expected initial of shape ${show(rowShape)}, got ${show(initial.shape)}`);
  const { backend } = a;
  const steps = a.shape[0]!;
  const width = sizeOf(rowShape);
  const spec = { steps, width, reverse };
  const op = chooseFused(backend, 'linearScan', options.fused, (fused) =>
    fused.supports({ ...spec, needsSaved: true }),
  );
  if (op) return applyFused('linearScan', op, spec, { a, b, initial }, { a, b, initial }, { h: a.shape }).h;
  const h = wrap(a, solve(backend, a.buffer, b.buffer, initial?.buffer ?? null, spec), a.shape);
  record('linearScan', [h], {
    inputs: [a, b, initial],
    saved: initial ? [a, h, initial] : [a, h],
    backward: ([gradient], wanted, [coefficients, states, start]) => {
      const sweep = { steps, width, reverse: !reverse };
      const shifted = shift(backend, coefficients!.buffer, null, sweep);
      const adjoint = wrap(gradient!, solve(backend, shifted, gradient!.buffer, null, sweep), a.shape);
      backend.free(shifted);
      if (!wanted[0] && !wanted[2]) return [null, adjoint, null];
      const before = shift(backend, states!.buffer, start?.buffer ?? null, { ...sweep, reverse });
      const ofA = wrap(a, product(backend, whole(adjoint.buffer), whole(before), [a.size]), a.shape);
      backend.free(before);
      if (!initial) return [ofA, adjoint, null];
      if (steps === 0) return [ofA, adjoint, zeros(backend, rowShape)];
      const first = (reverse ? steps - 1 : 0) * width;
      const ofInitial = product(
        backend,
        { ...whole(coefficients!.buffer), offset: first },
        { ...whole(adjoint.buffer), offset: first },
        [width],
      );
      return [ofA, adjoint, wrap(a, ofInitial, rowShape)];
    },
  });
  return h;
}

interface Sweep {
  readonly steps: number;
  /** Elements of a step */
  readonly width: number;
  readonly reverse: boolean;
}

/** Rows of `width` elements, the next one `stride` further. */
interface Rows {
  readonly buffer: DeviceBuffer;
  readonly offset: number;
  readonly stride: number;
}

const whole = (buffer: DeviceBuffer): StridedOperand => ({ buffer, strides: [1] });

/** `[T, width]` in the order of the steps, whatever the direction. */
function solve(
  backend: Backend,
  a: DeviceBuffer,
  b: DeviceBuffer,
  initial: DeviceBuffer | null,
  { steps, width, reverse }: Sweep,
): DeviceBuffer {
  const inTravel = (buffer: DeviceBuffer): Rows =>
    reverse ? { buffer, offset: (steps - 1) * width, stride: -width } : { buffer, offset: 0, stride: width };
  const addends = initial && steps > 0 ? withInitial(backend, inTravel(a), inTravel(b), initial, steps, width) : null;
  const travelled = scanRows(
    backend,
    inTravel(a),
    addends ? { buffer: addends, offset: 0, stride: width } : inTravel(b),
    steps,
    width,
  );
  if (addends) backend.free(addends);
  if (!reverse) return travelled;
  const out = backend.alloc('f32', steps * width);
  copyRows(backend, { buffer: travelled, offset: 0, stride: width }, inTravel(out), steps, width);
  backend.free(travelled);
  return out;
}

/** b with a₀∘initial added to its first row. */
function withInitial(
  backend: Backend,
  a: Rows,
  b: Rows,
  initial: DeviceBuffer,
  steps: number,
  width: number,
): DeviceBuffer {
  const addends = backend.alloc('f32', steps * width);
  copyRows(backend, b, { buffer: addends, offset: 0, stride: width }, steps, width);
  const first = product(backend, row(a, 0), whole(initial), [width]);
  backend.binary('add', whole(first), { buffer: addends, strides: [1] }, first, [width]);
  backend.copy(whole(first), whole(addends), [width]);
  backend.free(first);
  return addends;
}

/**
 * The recurrence over rows in the order of travel. The coefficient of the first row is multiplied into others but none
 * of those reaches the result.
 */
function scanRows(backend: Backend, a: Rows, b: Rows, count: number, width: number): DeviceBuffer {
  const out = backend.alloc('f32', count * width);
  if (count === 0) return out;
  const result: Rows = { buffer: out, offset: 0, stride: width };
  copyRows(backend, b, result, 1, width);
  const pairs = Math.floor(count / 2);
  if (pairs === 0) return out;
  const [odd, even] = [every2(1), every2(0)];
  const coefficients = product(backend, operand(odd(a)), operand(even(a)), [pairs, width]);
  const addends = product(backend, operand(odd(a)), operand(even(b)), [pairs, width]);
  backend.binary('add', { buffer: addends, strides: [width, 1] }, operand(odd(b)), addends, [pairs, width]);
  const joined: Rows = {
    buffer: scanRows(
      backend,
      { buffer: coefficients, offset: 0, stride: width },
      { buffer: addends, offset: 0, stride: width },
      pairs,
      width,
    ),
    offset: 0,
    stride: width,
  };
  for (const buffer of [coefficients, addends]) backend.free(buffer);
  copyRows(backend, joined, odd(result), pairs, width);
  const rest = count - pairs - 1;
  if (rest > 0) {
    const between = every2(2);
    const states = product(backend, operand(between(a)), operand(joined), [rest, width]);
    backend.binary('add', { buffer: states, strides: [width, 1] }, operand(between(b)), states, [rest, width]);
    copyRows(backend, { buffer: states, offset: 0, stride: width }, between(result), rest, width);
    backend.free(states);
  }
  backend.free(joined.buffer);
  return out;
}

/** Every other row, from `first` on. */
function every2(first: number): (rows: Rows) => Rows {
  return ({ buffer, offset, stride }) => ({ buffer, offset: offset + first * stride, stride: 2 * stride });
}

function operand({ buffer, offset, stride }: Rows): StridedOperand {
  return { buffer, offset, strides: [stride, 1] };
}

function row({ buffer, offset, stride }: Rows, index: number): StridedOperand {
  return { buffer, offset: offset + index * stride, strides: [1] };
}

function copyRows(backend: Backend, from: Rows, to: Rows, count: number, width: number): void {
  backend.copy(operand(from), operand(to), [count, width]);
}

function product(
  backend: Backend,
  left: StridedOperand,
  right: StridedOperand,
  shape: readonly number[],
): DeviceBuffer {
  const out = backend.alloc('f32', sizeOf(shape));
  backend.binary('multiply', left, right, out, shape);
  return out;
}

/** Each step's predecessor in the order of travel; before the first of them `initial`, or 0. */
function shift(
  backend: Backend,
  values: DeviceBuffer,
  initial: DeviceBuffer | null,
  { steps, width, reverse }: Sweep,
): DeviceBuffer {
  const out = backend.alloc('f32', steps * width);
  const rest = Math.max(0, steps - 1) * width;
  if (!initial) backend.fill(out, 0);
  backend.copy(
    { buffer: values, strides: [1], offset: reverse ? width : 0 },
    { buffer: out, strides: [1], offset: reverse ? 0 : width },
    [rest],
  );
  if (initial && steps > 0)
    backend.copy(whole(initial), { buffer: out, strides: [1], offset: reverse ? rest : 0 }, [width]);
  return out;
}
