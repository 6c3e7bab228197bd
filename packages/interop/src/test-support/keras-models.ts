import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openScope, tensor, transpose, type Backend, type Tensor } from '@timestep/core';
import { InteropError } from '../errors.ts';
import { importKeras } from '../keras/import.ts';
import type { KerasModel } from '../keras/model.ts';
import { createHdf5Reader } from '../node/hdf5.ts';

interface HostArray {
  readonly shape: readonly number[];
  readonly type: 'f32' | 'i32';
  readonly data: readonly number[];
}

interface Call {
  readonly inputs: readonly HostArray[];
  readonly outputs: readonly HostArray[];
}

/** A model of `tooling/keras-tests/models.py`. */
export interface KerasCase {
  readonly name: string;
  readonly file: string;
  /** Whether importKeras must refuse it. */
  readonly refused: boolean;
  readonly calls: readonly Call[];
}

/** `equal`, `refused` with the message, or `wrong` with the reason. */
export interface Verdict {
  readonly name: string;
  readonly outcome: 'equal' | 'refused' | 'wrong';
  readonly detail: string;
}

/** Reads each model of a folder and compares its answers with those of Keras. */
export async function compareAll(folder: string, backend: Backend): Promise<Verdict[]> {
  const { models } = JSON.parse(await readFile(join(folder, 'answers.json'), 'utf8')) as {
    models: readonly KerasCase[];
  };
  using readHdf5 = createHdf5Reader();
  const verdicts: Verdict[] = [];
  for (const one of models) {
    const read = async () => importKeras(await readFile(join(folder, one.file)), { backend, readHdf5 });
    verdicts.push({ name: one.name, ...(await judge(one, read, backend)) });
  }
  return verdicts;
}

/** Runs the calls of one model. */
export async function judge(
  one: KerasCase,
  read: () => Promise<KerasModel>,
  backend: Backend,
): Promise<Omit<Verdict, 'name'>> {
  try {
    using model = await read();
    if (one.refused) return { outcome: 'wrong', detail: 'read, but must be refused' };
    model.eval();
    let worst = 0;
    for (const call of one.calls) worst = Math.max(worst, await compare(model, call, backend));
    return { outcome: worst <= tolerance ? 'equal' : 'wrong', detail: worst.toExponential(1) };
  } catch (error) {
    const isByName = error instanceof InteropError && error.code === 'UNSUPPORTED_MODEL';
    const detail =
      error instanceof Error ? (isByName ? error.message : `${error.message}\n${error.stack}`) : String(error);
    return { outcome: isByName ? 'refused' : 'wrong', detail };
  }
}

const tolerance = 1e-5;

/** The largest distance of an output from Keras's, as a part of 1 + |expected|; ∞ for another shape. */
async function compare(model: KerasModel, { inputs, outputs }: Call, backend: Backend): Promise<number> {
  using _scope = openScope(backend, { gradient: false });
  const given = inputs.map(({ shape, data, type }, k) => {
    const values = type === 'i32' ? Int32Array.from(data) : Float32Array.from(data);
    const x = tensor(backend, values, { shape });
    return model.inputs[k]!.timeFirst ? turned(x) : x;
  });
  const made = Object.values(model.forwardAll(given));
  if (made.length !== outputs.length) return Infinity;
  let worst = 0;
  for (const [k, expected] of outputs.entries()) {
    const output = made[k]!.rank >= 3 ? turned(made[k]!) : made[k]!;
    if (output.shape.join() !== expected.shape.join()) return Infinity;
    const values = await output.data();
    expected.data.forEach((value, n) => {
      const distance = Math.abs(values[n]! - value) / (1 + Math.abs(value));
      worst = Math.max(worst, Number.isNaN(distance) ? Infinity : distance);
    });
  }
  return worst;
}

function turned(x: Tensor): Tensor {
  return transpose(x, [1, 0, ...x.shape.slice(2).map((_, axis) => axis + 2)]);
}
