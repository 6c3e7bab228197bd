import type koffi from 'koffi';

/** A pointer into native memory, or null. */
export type Pointer = bigint | null;

/** A memory descriptor: a struct of its own in oneDNN 2, a handle in oneDNN 3. Opaque to everyone but the library. */
export type Description = Uint8Array | bigint;

/** The descriptors of an LSTM; what we do not use of it is null. */
export interface LstmDescriptions {
  readonly srcLayer: Description;
  readonly srcIter: Description;
  readonly srcIterC: Description;
  readonly weightsLayer: Description;
  readonly weightsIter: Description;
  readonly weightsPeephole: null;
  readonly weightsProjection: null;
  readonly bias: Description;
  readonly dstLayer: Description;
  readonly dstIter: Description;
  readonly dstIterC: Description;
}

/** The descriptors and numbers of a layer normalisation over the rows of a matrix. */
export interface LayerNormDescription {
  readonly data: Description;
  readonly moments: Description;
  readonly epsilon: number;
  readonly scale: boolean;
  readonly shift: boolean;
}

/** oneDNN's names of the functions of one element. */
export type EltwiseAlgorithm = 'tanh' | 'logistic';

/** The differences between the two C APIs. All other functions have the same signature in both. */
export interface DnnlApi {
  /** A descriptor of plain strides, or of a layout that the library chooses. */
  describe(dimensions: readonly number[], strides: readonly number[] | 'any'): Description;
  /** Of inference */
  lstmForward(engine: Pointer, reverse: boolean, md: LstmDescriptions): Pointer;
  eltwise(engine: Pointer, algorithm: EltwiseAlgorithm, md: Description): Pointer;
  layerNormForward(engine: Pointer, description: LayerNormDescription): Pointer;
  layerNormBackward(engine: Pointer, description: LayerNormDescription, hint: Pointer): Pointer;
  readonly version: string;
}

/** Values of the C enumerations that both versions share. */
export const constants = {
  cpu: 1,
  f32: 3,
  formatAny: 1,
  forwardTraining: 64,
  forwardInference: 96,
  backward: 128,
} as const;

export function int64s(values: readonly number[]): BigInt64Array {
  return BigInt64Array.from(values, BigInt);
}

/** Calls a function that returns a status and fills its first argument with a pointer. */
export function made(what: string, call: (out: [Pointer]) => number): Pointer {
  const out: [Pointer] = [null];
  check(what, call(out));
  return out[0];
}

/** Names of the statuses, in their order. */
const statuses = [
  'success',
  'out of memory',
  'invalid arguments',
  'unimplemented',
  'last implementation reached',
  'runtime error',
  'not required',
];

/**
 * The status as an exception; what oneDNN refuses at run time is a fault of ours, since `supports` was asked before.
 */
export function check(what: string, status: number): void {
  if (status !== 0) throw new Error(`oneDNN: ${what} failed: ${statuses[status] ?? `status ${status}`}`);
}

export type Library = ReturnType<typeof koffi.load>;
