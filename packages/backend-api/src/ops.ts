import type { DType } from './dtype.ts';

/**
 * The elementwise operations of one argument. `alpha` and `beta` are the scalar parameters of the ops that have
 * parameters.
 *
 * @example
 * ```ts
 * unaryOps.exp.in.includes('f32'); // true
 * ```
 */
export const unaryOps = {
  /** −x */ negative: { in: ['f32', 'i32'], out: 'same' },
  /** |x| */ absolute: { in: ['f32', 'i32'], out: 'same' },
  /** −1, 0 or 1 */ sign: { in: ['f32', 'i32'], out: 'same' },
  /** alpha·x + beta */ affine: { in: ['f32'], out: 'same' },
  /** x^alpha; NaN for a negative x and a fractional alpha */ power: { in: ['f32'], out: 'same' },
  /** min(max(x, alpha), beta) */ clamp: { in: ['f32'], out: 'same' },
  /** eˣ */ exp: { in: ['f32'], out: 'same' },
  /** eˣ − 1, exact near 0 */ expm1: { in: ['f32'], out: 'same' },
  /** ln x; −∞ at 0, NaN below */ log: { in: ['f32'], out: 'same' },
  /** ln(1 + x), exact near 0 */ log1p: { in: ['f32'], out: 'same' },
  /** √x */ sqrt: { in: ['f32'], out: 'same' },
  /** 1/√x */ rsqrt: { in: ['f32'], out: 'same' },
  /** 1/x */ reciprocal: { in: ['f32'], out: 'same' },
  /** x² */ square: { in: ['f32'], out: 'same' },
  /** sin x, radians */ sin: { in: ['f32'], out: 'same' },
  /** cos x, radians */ cos: { in: ['f32'], out: 'same' },
  /** tanh x; keeps its relative accuracy near 0 */ tanh: { in: ['f32'], out: 'same' },
  /** 1/(1 + e⁻ˣ) */ sigmoid: { in: ['f32'], out: 'same' },
  /** max(x, 0); NaN stays NaN */ relu: { in: ['f32'], out: 'same' },
  /** ln(1 + eˣ); x itself for a large x */ softplus: { in: ['f32'], out: 'same' },
  /** greatest integer not above x */ floor: { in: ['f32'], out: 'same' },
  /** least integer not below x */ ceil: { in: ['f32'], out: 'same' },
  /** 1 where x is neither infinite nor NaN, else 0 */ isFinite: { in: ['f32'], out: 'u32' },
  /** 1 where x is 0, else 0 */ logicalNot: { in: ['u32'], out: 'u32' },
} as const satisfies Record<string, { in: readonly DType[]; out: DType | 'same' }>;

/** The name of an elementwise operation of one argument. */
export type UnaryOp = keyof typeof unaryOps;

/** The ops of a table that take elements of type `Type`. */
type OpsOf<Table extends Readonly<Record<string, { readonly in: readonly DType[] }>>, Type extends DType> = {
  [Op in keyof Table]: Type extends Table[Op]['in'][number] ? Op : never;
}[keyof Table];

/**
 * The unary ops that take this dtype. A backend's table of type `Record<UnaryOpOf<'f32'>, …>` does not compile until it
 * has every op.
 */
export type UnaryOpOf<Type extends DType> = OpsOf<typeof unaryOps, Type>;

/**
 * The elementwise operations of two arguments of one dtype.
 *
 * @example
 * ```ts
 * binaryOps.less.out; // u32
 * ```
 */
export const binaryOps = {
  add: { in: ['f32', 'i32', 'u32'], out: 'same' },
  subtract: { in: ['f32', 'i32', 'u32'], out: 'same' },
  multiply: { in: ['f32', 'i32', 'u32'], out: 'same' },
  /** a/b; for integers the quotient towards 0, and 0 where b is 0 */ divide: {
    in: ['f32', 'i32', 'u32'],
    out: 'same',
  },
  /** aᵇ */ power: { in: ['f32'], out: 'same' },
  /** the larger; NaN if either is NaN */ maximum: { in: ['f32', 'i32', 'u32'], out: 'same' },
  /** the smaller; NaN if either is NaN */ minimum: { in: ['f32', 'i32', 'u32'], out: 'same' },
  equal: { in: ['f32', 'i32', 'u32'], out: 'u32' },
  notEqual: { in: ['f32', 'i32', 'u32'], out: 'u32' },
  less: { in: ['f32', 'i32', 'u32'], out: 'u32' },
  lessEqual: { in: ['f32', 'i32', 'u32'], out: 'u32' },
  greater: { in: ['f32', 'i32', 'u32'], out: 'u32' },
  greaterEqual: { in: ['f32', 'i32', 'u32'], out: 'u32' },
  /** bit by bit, so also the logical and of two masks */ and: { in: ['u32'], out: 'u32' },
  or: { in: ['u32'], out: 'u32' },
  xor: { in: ['u32'], out: 'u32' },
} as const satisfies Record<string, { in: readonly DType[]; out: DType | 'same' }>;

/** The name of an elementwise operation of two arguments. */
export type BinaryOp = keyof typeof binaryOps;

/** The binary ops that take this dtype; see {@link UnaryOpOf}. */
export type BinaryOpOf<Type extends DType> = OpsOf<typeof binaryOps, Type>;

/**
 * Reductions. `sum` of nothing is 0, `max` of nothing −∞ (the dtype's least value), `min` of nothing +∞ (its greatest);
 * a NaN in the input makes `max` and `min` NaN.
 *
 * @example
 * ```ts
 * Object.keys(reduceOps); // sum, max, min
 * ```
 */
export const reduceOps = {
  sum: { in: ['f32', 'i32', 'u32'], out: 'same' },
  max: { in: ['f32', 'i32', 'u32'], out: 'same' },
  min: { in: ['f32', 'i32', 'u32'], out: 'same' },
} as const satisfies Record<string, { in: readonly DType[]; out: DType | 'same' }>;

/** The name of a reduction. */
export type ReduceOp = keyof typeof reduceOps;

/** The reductions that take this dtype; see {@link UnaryOpOf}. */
export type ReduceOpOf<Type extends DType> = OpsOf<typeof reduceOps, Type>;
