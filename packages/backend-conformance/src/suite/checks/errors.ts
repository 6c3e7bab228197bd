import type { Backend, DeviceBuffer } from '@timestep/backend-api';
import { expectThat, type Check } from '../check.ts';

/**
 * Every way to hand a buffer to a backend that is cheap to try. `good` and `out` are live f32 buffers of 4 elements.
 */
const uses: Readonly<
  Record<string, (backend: Backend, bad: DeviceBuffer, good: DeviceBuffer, out: DeviceBuffer) => unknown>
> = {
  read: (backend, bad) => backend.read(bad),
  readMany: (backend, bad, good) => backend.readMany([good, bad]),
  write: (backend, bad) => backend.write(bad, [1, 2, 3, 4]),
  fill: (backend, bad) => backend.fill(bad, 1),
  free: (backend, bad) => backend.free(bad),
  'unary (input)': (backend, bad, good) => backend.unary('exp', bad, good, 0, 0),
  'unary (output)': (backend, bad, good) => backend.unary('exp', good, bad, 0, 0),
  binary: (backend, bad, good, out) =>
    backend.binary('add', { buffer: good, strides: [1] }, { buffer: bad, strides: [1] }, out, [4]),
  copy: (backend, bad, good) => backend.copy({ buffer: bad, strides: [1] }, { buffer: good, strides: [1] }, [4]),
  reduce: (backend, bad, good) => backend.reduce('sum', bad, good, { outer: 4, length: 1, inner: 1 }),
  matmul: (backend, bad, good, out) =>
    backend.matmul(good, bad, out, {
      m: 2,
      n: 2,
      k: 2,
      batch: 1,
      aStride: 0,
      bStride: 0,
      transposeA: false,
      transposeB: false,
      accumulate: false,
    }),
};

/** The code of the error that a use throws, at once or in its promise. */
async function codeOf(use: () => unknown): Promise<unknown> {
  try {
    await use();
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error ? error.code : `${error}`;
  }
  return 'no error';
}

async function expectCode(backend: Backend, bad: DeviceBuffer, code: string): Promise<void> {
  const good = backend.alloc('f32', 4);
  const out = backend.alloc('f32', 4);
  backend.fill(good, 0);
  for (const [name, use] of Object.entries(uses)) {
    const got = await codeOf(() => use(backend, bad, good, out));
    expectThat(got === code, `${name}: expected an error of code ${code}, got ${got}`);
  }
  backend.free(good);
  backend.free(out);
}

export const errorChecks: readonly Check[] = [
  {
    name: 'errors: a freed buffer is refused with DISPOSED, by free too',
    async run({ backend }) {
      const freed = backend.alloc('f32', 4);
      backend.free(freed);
      await expectCode(backend, freed, 'DISPOSED');
    },
  },
  {
    name: 'errors: a freed buffer is refused even when its memory is in use again',
    async run({ backend }) {
      const freed = backend.alloc('f32', 4);
      backend.free(freed);
      const next = backend.alloc('f32', 4);
      await expectCode(backend, freed, 'DISPOSED');
      backend.free(next);
    },
  },
  {
    name: 'errors: a buffer of another backend is refused with BACKEND_MISMATCH',
    async run({ backend, reference }) {
      const foreign = reference.alloc('f32', 4);
      await expectCode(backend, foreign, 'BACKEND_MISMATCH');
      reference.free(foreign);
    },
  },
  {
    name: 'errors: a buffer of another instance of the same backend is refused with BACKEND_MISMATCH',
    async run({ backend, create }) {
      const other = await create();
      const foreign = other.alloc('f32', 4);
      try {
        await expectCode(backend, foreign, 'BACKEND_MISMATCH');
      } finally {
        await other.dispose();
      }
    },
  },
  {
    name: 'errors: an object that only looks like a buffer is refused with BACKEND_MISMATCH',
    async run({ backend }) {
      const buffer = backend.alloc('f32', 4);
      await expectCode(backend, { dtype: 'f32', length: 4 }, 'BACKEND_MISMATCH');
      backend.free(buffer);
    },
  },
];
