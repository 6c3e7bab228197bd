import {
  ArgumentError,
  checkOptions,
  describe,
  DTypeError,
  is,
  type DType,
  type OptionRules,
  type Rule,
} from '@timestep/backend-api';
import { Tensor } from '../tensor.ts';

const dtypes: readonly DType[] = ['f32', 'i32', 'u32'];

/** An element type. */
export const dtypeRule: Rule = is.oneOf(...dtypes);

/**
 * Tells whether a value is a tensor, also of another copy of this package.
 *
 * @example
 * ```ts
 * isTensor(zeros(backend, [2])); // true
 * ```
 */
export function isTensor(value: unknown): value is Tensor {
  if (value instanceof Tensor) return true;
  return (
    typeof value === 'object' &&
    value !== null &&
    'storage' in value &&
    'dtype' in value &&
    Array.isArray(Reflect.get(value, 'shape'))
  );
}

/** A rule for options that are tensors. */
export const tensorRule: Rule = (value) => (isTensor(value) ? null : 'a tensor');

/**
 * Throws unless `value` is a tensor. Cheap where it is one.
 *
 * @example
 * ```ts
 * checkTensor('exp', 'x', x);
 * ```
 *
 * @throws ArgumentError that says what was given, and how to get a tensor from it
 */
export function checkTensor(where: string, name: string, value: unknown): asserts value is Tensor {
  if (value instanceof Tensor || isTensor(value)) return;
  throw new ArgumentError(`[${where}] expected ${name} to be a tensor, got ${describe(value)}${hintFor(value)}`);
}

function hintFor(value: unknown): string {
  if (typeof value === 'number' || Array.isArray(value) || ArrayBuffer.isView(value))
    return '; make one with tensor(backend, …)';
  const output: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'output') : undefined;
  return isTensor(output) ? '; pass its .output, which a recurrent layer returns beside its state' : '';
}

/**
 * Throws unless all tensors are on the same backend; null is ignored.
 *
 * @example
 * ```ts
 * sameBackend('matmul', [a, b, null]);
 * ```
 *
 * @throws ArgumentError `BACKEND_MISMATCH` that names both backends
 */
export function sameBackend(where: string, tensors: readonly (Tensor | null)[]): void {
  let first: Tensor | null = null;
  for (const tensor of tensors) {
    if (tensor === null) continue;
    checkTensor(where, 'every operand', tensor);
    first ??= tensor;
    if (tensor.backend !== first.backend) {
      throw new ArgumentError(
        `[${where}] tensors of two backends ('${first.backend.name}' and '${tensor.backend.name}') cannot be combined; move one with await tensor.to(backend)`,
        'BACKEND_MISMATCH',
      );
    }
  }
}

/**
 * Throws unless `tensor` is a tensor with one of these element types.
 *
 * @example
 * ```ts
 * expectDType('exp', 'x', x, ['f32']);
 * ```
 *
 * @throws DTypeError that names the dtypes allowed, ArgumentError where it is not a tensor
 */
export function expectDType(where: string, what: string, tensor: Tensor, allowed: readonly DType[]): void {
  checkTensor(where, what, tensor);
  if (!allowed.includes(tensor.dtype)) {
    throw new DTypeError(
      `[${where}] expected ${what} of dtype ${allowed.join(' or ')}, got ${tensor.dtype}; use cast(tensor, '${allowed[0]}')`,
    );
  }
}

/**
 * Throws unless `value` is a number; NaN and infinities are allowed.
 *
 * @example
 * ```ts
 * checkNumber('affine', 'alpha', 2);
 * ```
 *
 * @throws ArgumentError that says what was given
 */
export function checkNumber(where: string, name: string, value: unknown): asserts value is number {
  if (typeof value !== 'number')
    throw new ArgumentError(`[${where}] expected ${name} to be a number, got ${describe(value)}`);
}

function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * `checkOptions` for the options of an operation, all of them optional, without an allocation where they are right.
 *
 * @example
 * ```ts
 * checkOperation('softmax', { fused: 'off' }, fusedRules);
 * ```
 */
export function checkOperation<Options extends object>(
  where: string,
  options: Options,
  rules: OptionRules<Options>,
): void {
  // A Map or a promise has no options that this loop would see, and is refused below.
  if (isPlain(options)) {
    let fits = true;
    for (const name in options) {
      if (!Object.hasOwn(rules, name) || rules[name](options[name]) !== null) {
        fits = false;
        break;
      }
    }
    if (fits) return;
  }
  checkOptions(where, options, rules);
}
