import type { GruVariant, LstmVariant, RnnVariant } from '@timestep/backend-api';
import type { FusedCase } from '../../fused-case.ts';
import { TestRandom } from '../../random.ts';

export type SequenceOpName = 'rnnSequence' | 'lstmSequence' | 'gruSequence';

export type Variant = RnnVariant | LstmVariant | GruVariant;

/** The settings that a case varies; every input that is not named is random and given. */
export interface SequenceOptions {
  readonly steps?: number;
  readonly batch?: number;
  readonly inputSize?: number;
  readonly hiddenSize?: number;
  readonly lengths?: readonly number[] | null;
  readonly reverse?: boolean;
  readonly variant?: Variant;
  /** Inputs that are null. */
  readonly without?: readonly string[];
  /** Outputs whose gradient is given, all by default. */
  readonly upstream?: readonly string[];
  readonly wanted?: readonly string[];
  /** NaN in every frame of x and of the output's gradient at and past a length. */
  readonly poisoned?: boolean;
  /** Multiplies x. */
  readonly amplitude?: number;
  readonly seed?: number;
  readonly accuracy?: FusedCase['accuracy'];
}

export const plainVariants = {
  rnnSequence: { activation: 'tanh' },
  lstmSequence: { peepholes: false, coupledGates: false, projectionSize: 0 },
  gruSequence: { reset: 'after' },
} as const satisfies Record<SequenceOpName, Variant>;

export const gateCounts: Readonly<Record<SequenceOpName, number>> = { rnnSequence: 1, lstmSequence: 4, gruSequence: 3 };

/** Writes NaN into each frame `[t, n, :]` at and past its length. */
function poison(values: Float64Array, lengths: readonly number[], batch: number, width: number): Float64Array {
  return values.map((value, at) => {
    const frame = Math.floor(at / width);
    return Math.floor(frame / batch) >= lengths[frame % batch]! ? NaN : value;
  });
}

/**
 * Random weights of a size that keeps the gates busy, random inputs and states, and a random gradient of every output.
 */
export function sequenceCase(op: SequenceOpName, options: SequenceOptions): FusedCase {
  const {
    steps: T = 5,
    batch: N = 3,
    inputSize: D = 4,
    hiddenSize: H = 6,
    lengths = null,
    reverse = false,
    amplitude = 1,
  } = options;
  const { variant = plainVariants[op], without = [], poisoned = false, seed = 101 } = options;
  const random = new TestRandom(seed);
  const rows = gateCounts[op] * H;
  const projection = 'projectionSize' in variant ? variant.projectionSize : 0;
  const P = projection || H;
  const size = Math.min(0.8, 2 / Math.sqrt(H));
  const hide = (values: Float64Array, width: number) =>
    poisoned && lengths ? poison(values, lengths, N, width) : values;

  const all: Record<string, Float64Array | null> = {
    x: hide(random.floats(T * N * D, -amplitude, amplitude), D),
    weightIh: random.floats(rows * D, -size, size),
    weightHh: random.floats(rows * P, -size, size),
    biasIh: random.floats(rows, -size, size),
    biasHh: random.floats(rows, -size, size),
    h0: random.floats(N * P),
    ...(op === 'lstmSequence'
      ? {
          c0: random.floats(N * H),
          weightHr: projection > 0 ? random.floats(P * H, -size, size) : null,
          peephole: 'peepholes' in variant && variant.peepholes ? random.floats(3 * H, -size, size) : null,
        }
      : {}),
  };
  const outputs: Record<string, Float64Array> = {
    output: hide(random.floats(T * N * P), P),
    hN: random.floats(N * P),
    ...(op === 'lstmSequence' ? { cN: random.floats(N * H) } : {}),
  };
  const given = options.upstream ?? Object.keys(outputs);
  return {
    spec: {
      steps: T,
      batch: N,
      inputSize: D,
      hiddenSize: H,
      lengths: lengths && Int32Array.from(lengths),
      reverse,
      variant,
    },
    inputs: Object.fromEntries(Object.entries(all).map(([name, data]) => [name, without.includes(name) ? null : data])),
    upstream: Object.fromEntries(
      Object.entries(outputs).map(([name, data]) => [name, given.includes(name) ? data : null]),
    ),
    ...(options.wanted ? { wanted: options.wanted } : {}),
    ...(options.accuracy ? { accuracy: options.accuracy } : {}),
  };
}
