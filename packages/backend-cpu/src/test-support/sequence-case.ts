import type { DeviceBuffer, FusedOp } from '@timestep/backend-api';
import type { CpuBackend } from '../backend.ts';
import { gatesOf, outputSizeOf, type Arrays, type Cell, type Sizes } from './sequence-oracle.ts';

/** A small linear congruential generator: the tests' numbers are the same everywhere. */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

export interface SequenceCase extends Sizes {
  readonly cell: Cell;
  readonly lengths?: readonly number[];
  readonly reverse?: boolean;
  /** Inputs and output gradients that are null */
  readonly without?: readonly string[];
  /** Only these gradients are wanted; all by default. */
  readonly wanted?: readonly string[];
  readonly needsSaved?: boolean;
}

export function describeCase(test: SequenceCase): string {
  const { steps, batch, inputSize, hiddenSize, cell, lengths, reverse, without, wanted } = test;
  const words = [
    cell.kind,
    ...Object.entries(cell.variant).map(([name, value]) => `${name} ${String(value)}`),
    `T${steps} N${batch} D${inputSize} H${hiddenSize}`,
  ];
  if (lengths) words.push(`lengths ${lengths.join(' ')}`);
  if (reverse) words.push('reverse');
  if (without) words.push(`without ${without.join(' ')}`);
  if (wanted) words.push(`only ${wanted.join(' ')}`);
  return words.join(', ');
}

export function inputsOf(test: SequenceCase, seed: number): { inputs: Arrays; gradients: Arrays } {
  const random = randomSource(seed);
  const { cell, steps, batch, inputSize, hiddenSize } = test;
  const P = outputSizeOf(cell, hiddenSize);
  const rows = gatesOf[cell.kind] * hiddenSize;
  const make = (name: string, length: number, scale: number): Float32Array | null =>
    test.without?.includes(name) ? null : Float32Array.from({ length }, () => scale * random());
  const weight = 2 / Math.sqrt(hiddenSize);
  const inputs: Record<string, Float32Array | null> = {
    x: make('x', steps * batch * inputSize, 1.5),
    weightIh: make('weightIh', rows * inputSize, 2 / Math.sqrt(inputSize)),
    weightHh: make('weightHh', rows * P, weight),
    biasIh: make('biasIh', rows, 0.5),
    biasHh: make('biasHh', rows, 0.5),
    h0: make('h0', batch * P, 1),
  };
  const gradients: Record<string, Float32Array | null> = {
    output: make('dOutput', steps * batch * P, 1),
    hN: make('dhN', batch * P, 1),
  };
  if (cell.kind === 'lstm') {
    inputs['c0'] = make('c0', batch * hiddenSize, 1);
    inputs['weightHr'] = cell.variant.projectionSize > 0 ? make('weightHr', P * hiddenSize, weight) : null;
    inputs['peephole'] = cell.variant.peepholes ? make('peephole', 3 * hiddenSize, 0.7) : null;
    gradients['cN'] = make('dcN', batch * hiddenSize, 1);
  }
  return { inputs, gradients };
}

type AnyOp = FusedOp<object, object, object, object, object>;
type Buffers = Record<string, DeviceBuffer | null>;

/** Runs the op on a backend and reads everything back. Throws where a buffer is leaked. */
export async function runOp(
  backend: CpuBackend,
  test: SequenceCase,
  arrays: { inputs: Arrays; gradients: Arrays },
): Promise<{ outputs: Record<string, Float32Array>; gradients: Record<string, Float32Array | null> }> {
  const before = backend.memory().buffers;
  const upload = (values: Arrays): Buffers =>
    Object.fromEntries(
      Object.entries(values).map(([name, data]) => {
        if (data === null) return [name, null];
        const buffer = backend.alloc('f32', data.length);
        backend.write(buffer, data);
        return [name, buffer];
      }),
    );
  const download = async (buffers: object): Promise<Record<string, Float32Array | null>> => {
    const entries = Object.entries(buffers as Buffers).map(
      async ([name, buffer]) => [name, buffer && ((await backend.read(buffer)) as Float32Array)] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  };
  const freeAll = (...groups: object[]): void => {
    for (const group of groups) for (const buffer of Object.values(group as Buffers)) if (buffer) backend.free(buffer);
  };
  const { cell, steps, batch, inputSize, hiddenSize } = test;
  const needsSaved = test.needsSaved ?? true;
  const lengths = test.lengths ? Int32Array.from(test.lengths) : null;
  const spec = {
    steps,
    batch,
    inputSize,
    hiddenSize,
    lengths,
    reverse: test.reverse ?? false,
    needsSaved,
    variant: cell.variant,
  };
  const op: AnyOp = backend.fused[`${cell.kind}Sequence`];
  if (op.supports(spec) !== true) throw new Error(`not supported: ${op.supports(spec)}`);
  const inputs = upload(arrays.inputs);
  const { outputs, saved } = op.forward(spec, inputs);
  const result = {
    outputs: (await download(outputs)) as Record<string, Float32Array>,
    gradients: {} as Record<string, Float32Array | null>,
  };
  if (needsSaved !== (saved !== null)) throw new Error('saved must be null exactly where it is not needed');
  if (saved) {
    const upstream = upload(arrays.gradients);
    const wanted = Object.fromEntries(Object.keys(inputs).map((name) => [name, test.wanted?.includes(name) ?? true]));
    const gradients = op.backward(spec, { inputs, outputs, saved, gradients: upstream, wanted });
    result.gradients = await download(gradients);
    saved.release();
    freeAll(gradients, upstream);
  }
  freeAll(inputs, outputs);
  if (backend.memory().buffers !== before) throw new Error(`${backend.memory().buffers - before} buffers leaked`);
  return result;
}
