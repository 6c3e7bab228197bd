import { OutOfMemoryError, type DeviceBuffer } from '@timestep/backend-api';
import { afterEach, expect, test } from 'vitest';
import { createCpuBackend, type CpuBackend } from './index.ts';

let backend: CpuBackend | null = null;

afterEach(() => backend?.dispose());

const mebibyte = 2 ** 20;

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return null;
}

test.each([1, 2])(
  'an allocation past the end of the memory is an error that names the size, with %i threads',
  async (threads) => {
    backend = await createCpuBackend({ threads, maxMemoryBytes: 64 * mebibyte });
    const first = backend.alloc('f32', (40 * mebibyte) / 4);
    const error = errorOf(() => backend!.alloc('f32', (30 * mebibyte) / 4));
    expect(error).toBeInstanceOf(OutOfMemoryError);
    expect(error).toMatchObject({ code: 'OUT_OF_MEMORY', bytes: 30 * mebibyte });
    expect((error as Error).message).toBe(
      `[cpu] could not allocate 31457280 bytes: the memory ends at 67108864 bytes and 41943040 of them are in use; tensors made outside a scope live until dispose(): open one for each step (\`using scope = openScope(backend)\`), or use smaller batches or shorter sequences`,
    );
    expect(backend.memory()).toMatchObject({ buffers: 1, bytes: 40 * mebibyte });
    backend.free(first);
    backend.free(backend.alloc('f32', (60 * mebibyte) / 4));
    expect(backend.memory().buffers).toBe(0);
  },
);

test('scratch memory that does not fit leaves the buffers as they were', async () => {
  backend = await createCpuBackend({ threads: 1, maxMemoryBytes: 16 * mebibyte });
  const [a, b, out] = [
    backend.alloc('f32', 1024 * 1024),
    backend.alloc('f32', 1024),
    backend.alloc('f32', 1024 * 1024),
  ];
  const rest = backend.alloc('f32', Math.floor((16 * mebibyte - 8.2 * mebibyte) / 4));
  const spec = {
    m: 1024,
    n: 1024,
    k: 1,
    batch: 1,
    aStride: 0,
    bStride: 0,
    transposeA: false,
    transposeB: false,
    accumulate: false,
  };
  const before = backend.memory();
  let left = backend.memory();
  const small: DeviceBuffer[] = [];
  // Takes what is left in ever smaller pieces, until no scratch memory is to be had.
  for (let length = 65536; length >= 16; length /= 2) {
    while (errorOf(() => small.push(backend!.alloc('f32', length))) === null) left = backend.memory();
  }
  expect(errorOf(() => backend!.matmul(a, b, out, spec))).toMatchObject({ code: 'OUT_OF_MEMORY' });
  expect(backend.memory()).toMatchObject({ buffers: left.buffers, bytes: left.bytes });
  for (const buffer of small) backend.free(buffer);
  expect(backend.memory()).toMatchObject({ buffers: before.buffers, bytes: before.bytes });
  backend.matmul(a, b, out, spec);
  backend.free(rest);
});

test('the memory ends at 4 GiB, and addresses in its upper half work', async () => {
  backend = await createCpuBackend({ threads: 2 });
  const gibibyte = 2 ** 30;
  expect(errorOf(() => backend!.alloc('f32', (5 * gibibyte) / 4))).toMatchObject({
    code: 'OUT_OF_MEMORY',
    bytes: 5 * gibibyte,
  });
  // Never touched, so that it takes address space alone.
  const low = backend.alloc('u32', (3 * gibibyte) / 4);
  const count = 100_003;
  const [x, y, z] = [backend.alloc('f32', count), backend.alloc('f32', count), backend.alloc('f32', 1)];
  backend.fill(x, 3);
  backend.unary('square', x, y, 0, 0);
  backend.copy({ buffer: y, strides: [-1], offset: count - 1 }, { buffer: x, strides: [1] }, [count]);
  backend.binary('add', { buffer: x, strides: [1] }, { buffer: y, strides: [1] }, x, [count]);
  backend.reduce('sum', x, z, { outer: 1, length: count, inner: 1 });
  const product = backend.alloc('f32', 40 * 40);
  backend.matmul(x, y, product, {
    m: 40,
    n: 40,
    k: 2500,
    batch: 1,
    aStride: 0,
    bStride: 0,
    transposeA: false,
    transposeB: false,
    accumulate: false,
  });
  expect(await backend.read(z)).toEqual(Float32Array.of(18 * count));
  expect(await backend.read(product)).toEqual(new Float32Array(1600).fill(18 * 9 * 2500));
  expect(errorOf(() => backend!.alloc('f32', gibibyte / 4))).toBeInstanceOf(OutOfMemoryError);
  backend.free(low);
  backend.free(backend.alloc('f32', gibibyte / 4));
});

test.each([0, 1.5, -2, NaN, 65])('refuses %d threads', async (threads) => {
  await expect(createCpuBackend({ threads })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test.each([0, NaN, 2 ** 33, -1])('refuses a memory of %d bytes', async (maxMemoryBytes) => {
  await expect(createCpuBackend({ maxMemoryBytes })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
