import type { Backend, DeviceBuffer, DType, HostArray, HostData } from '@timestep/backend-api';
import type { Accuracy } from './accuracy.ts';
import type { CheckContext } from './check.ts';
import { compare } from './compare.ts';

/** One backend with the buffers that a check made on it, so that they are freed whatever happens. */
export class Side {
  readonly backend: Backend;
  readonly #owned: DeviceBuffer[] = [];

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** A buffer that holds `data`. */
  put(dtype: DType, data: HostData): DeviceBuffer {
    const buffer = this.own(this.backend.alloc(dtype, data.length));
    this.backend.write(buffer, data);
    return buffer;
  }

  /** A buffer for a result. It holds NaN or large odd integers, so that an element which is not written shows. */
  make(dtype: DType, length: number): DeviceBuffer {
    if (dtype === 'f32') return this.put('f32', new Float32Array(length).fill(NaN));
    return dtype === 'i32'
      ? this.put('i32', new Int32Array(length).fill(-987654321))
      : this.put('u32', new Uint32Array(length).fill(3987654321));
  }

  /** Takes over a buffer that an operation allocated. */
  own(buffer: DeviceBuffer): DeviceBuffer {
    this.#owned.push(buffer);
    return buffer;
  }

  freeAll(): void {
    for (const buffer of this.#owned.splice(0)) this.backend.free(buffer);
  }
}

/** The results of a recipe, for comparison; null entries are left out. */
export type Results = Readonly<Record<string, DeviceBuffer | null>>;

/** Runs a recipe on one backend, reads its results in one transaction, and frees all. */
export async function collect(backend: Backend, recipe: (side: Side) => Results): Promise<Record<string, HostArray>> {
  const side = new Side(backend);
  try {
    const named = Object.entries(recipe(side)).flatMap(([name, buffer]) => (buffer === null ? [] : [{ name, buffer }]));
    const arrays = await backend.readMany(named.map(({ buffer }) => buffer));
    return Object.fromEntries(named.map(({ name }, n) => [name, arrays[n]!]));
  } finally {
    side.freeAll();
  }
}

/** Runs the same recipe on the backend under test and on the reference; the results must agree. */
export async function agree(
  context: CheckContext,
  recipe: (side: Side) => Results,
  accuracy: Accuracy | ((name: string) => Accuracy),
  label = '',
): Promise<void> {
  const expected = await collect(context.reference, recipe);
  const actual = await collect(context.backend, recipe);
  for (const [name, values] of Object.entries(expected)) {
    const allowed = typeof accuracy === 'function' ? accuracy(name) : accuracy;
    compare(label === '' ? name : `${label}: ${name}`, actual[name]!, values, allowed, context.nonFinite);
  }
}

/** Runs a recipe on the backend under test; its results must be those given. */
export async function gives(
  context: CheckContext,
  recipe: (side: Side) => Results,
  expected: Readonly<Record<string, HostArray>>,
  accuracy: Accuracy,
  label = '',
): Promise<void> {
  const actual = await collect(context.backend, recipe);
  for (const [name, values] of Object.entries(expected)) {
    compare(label === '' ? name : `${label}: ${name}`, actual[name]!, values, accuracy, context.nonFinite);
  }
}
