import { TimestepError, type Backend, type Tensor } from '@timestep/core';
import { importOnnx, InteropError, type OnnxFeed } from '@timestep/interop';

/** An array as official.py writes it; `other` names a type that no model that can be read has. */
export type Encoded =
  { readonly type: string; readonly shape: readonly number[]; readonly data: string } | { readonly other: string };

export interface Case {
  readonly name: string;
  readonly operator: string;
  readonly relative: number;
  readonly absolute: number;
  readonly model: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly sets: readonly { readonly inputs: readonly Encoded[]; readonly outputs: readonly Encoded[] }[];
}

/** The outcome of a test: as expected; refused by a typed error; wrong numbers; any other error. */
export type Outcome = 'passed' | 'refused' | 'wrong' | 'crash';

export interface Verdict {
  readonly outcome: Outcome;
  readonly why: string;
}

type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array | BigInt64Array | BigUint64Array;

const arrays: Readonly<Record<string, new (buffer: ArrayBuffer) => ArrayLike<number | bigint>>> = {
  float16: Float32Array,
  bfloat16: Float32Array,
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

function decoded({ type, data }: Exclude<Encoded, { other: string }>): ArrayLike<number | bigint> {
  return new arrays[type]!(Uint8Array.from(Buffer.from(data, 'base64')).buffer);
}

/** Imports the model of a test, runs it, and compares every output with what the test expects. */
export async function judge(test: Case, backend: Backend): Promise<Verdict> {
  try {
    const model = importOnnx(Buffer.from(test.model, 'base64'), { backend });
    try {
      for (const { inputs, outputs } of test.sets) {
        const feeds = Object.fromEntries(
          model.inputs.map(({ name }) => [name, feedOf(inputs[test.inputs.indexOf(name)]!)]),
        );
        const results = model.forward(feeds);
        for (const [k, name] of test.outputs.entries()) {
          const why = await difference(results[name], outputs[k]!, test);
          if (why) return { outcome: 'wrong', why: `${name}: ${why}` };
        }
      }
      return { outcome: 'passed', why: '' };
    } finally {
      model.dispose();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (error instanceof InteropError) return { outcome: 'refused', why: `${error.code} ${why}` };
    return {
      outcome: 'crash',
      why: error instanceof TimestepError ? `${error.code} ${why}` : String((error as Error).stack),
    };
  }
}

export function feedOf(given: Encoded): OnnxFeed {
  if ('other' in given) throw new Error(`the test feeds a ${given.other}, which the importer should have refused`);
  return { data: decoded(given) as Numbers, shape: given.shape };
}

export async function difference(
  got: Tensor | undefined,
  expected: Encoded,
  { relative, absolute }: Pick<Case, 'relative' | 'absolute'>,
): Promise<string | null> {
  if (!got) return 'no such output';
  if ('other' in expected) return `expected a ${expected.other}`;
  if (got.shape.join() !== expected.shape.join())
    return `shape [${got.shape.join(', ')}], expected [${expected.shape.join(', ')}]`;
  const numbers = decoded(expected);
  const values = await got.data();
  for (let n = 0; n < numbers.length; n++) {
    const [here, there] = [values[n]!, Number(numbers[n])];
    const close =
      Object.is(here, there) || here === there || Math.abs(here - there) <= absolute + relative * Math.abs(there);
    if (!close && !(Number.isNaN(here) && Number.isNaN(there))) return `${here} at element ${n}, expected ${there}`;
  }
  return null;
}
