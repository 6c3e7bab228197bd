import type { Backend, DeviceBuffer, HostArray, MatmulSpec } from '@timestep/backend-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCpuBackend, type CpuBackend } from './index.ts';
import { randomSource } from './test-support/sequence-case.ts';

/** Makes buffers on a backend, computes, and names the results. */
type Recipe = (backend: Backend) => Readonly<Record<string, DeviceBuffer>>;

function randomFloats(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, randomSource(seed));
}

function put(backend: Backend, data: HostArray): DeviceBuffer {
  const dtype = data instanceof Int32Array ? 'i32' : data instanceof Uint32Array ? 'u32' : 'f32';
  const buffer = backend.alloc(dtype, data.length);
  backend.write(buffer, data);
  return buffer;
}

/** The first place at which two arrays differ in any bit, −1 for none. */
function firstDifference(a: HostArray, b: HostArray): number {
  const [left, right] = [new Uint32Array(a.buffer), new Uint32Array(b.buffer)];
  return left.findIndex((word, n) => word !== right[n]);
}

const plain: MatmulSpec = {
  m: 0,
  n: 0,
  k: 0,
  batch: 1,
  aStride: 0,
  bStride: 0,
  transposeA: false,
  transposeB: false,
  accumulate: false,
};

/** Large enough for several threads, odd, and cut at other places by 1, 2 and 3 of them. */
function product(m: number, n: number, k: number, rest: Partial<MatmulSpec> = {}): Recipe {
  const spec = { ...plain, ...rest, m, n, k };
  const length = (stride: number, size: number) => stride * (spec.batch - 1) + size;
  return (backend) => {
    const a = put(backend, randomFloats(length(spec.aStride, m * k), 1));
    const b = put(backend, randomFloats(length(spec.bStride, k * n), 2));
    const out = put(backend, randomFloats(spec.batch * m * n, 3));
    backend.matmul(a, b, out, spec);
    return { out };
  };
}

const count = 300_007;
const rows = 4099;
const index = Int32Array.from(randomFloats(rows, 4), (x) => Math.floor((x + 1) * 48));

const recipes: Readonly<Record<string, Recipe>> = {
  'matmul of many rows': product(1201, 67, 301),
  'matmul of many columns': product(67, 1201, 301),
  'matmul, transposed, accumulated, of great depth': product(65, 129, 2111, { transposeA: true, accumulate: true }),
  'matmul in a batch': product(33, 47, 65, { batch: 31, aStride: 33 * 65, bStride: 47 * 65, transposeB: true }),
  'matmul of a row': product(1, 3001, 517),
  'matmul of a row with a transposed matrix': product(1, 3001, 517, { transposeB: true }),
  'matmul of a column': product(3001, 1, 517),
  unary: (backend) => {
    const x = put(backend, randomFloats(count, 5));
    const [tanh, exp] = [backend.alloc('f32', count), backend.alloc('f32', count)];
    backend.unary('tanh', x, tanh, 0, 0);
    backend.unary('exp', x, exp, 0, 0);
    return { tanh, exp };
  },
  'binary with a broadcast operand': (backend) => {
    const out = backend.alloc('f32', rows * 73);
    const a = { buffer: put(backend, randomFloats(rows * 73, 6)), strides: [73, 1] };
    backend.binary('divide', a, { buffer: put(backend, randomFloats(73, 7)), strides: [0, 1] }, out, [rows, 73]);
    return { out };
  },
  'copy, transposed': (backend) => {
    const out = backend.alloc('f32', rows * 73);
    backend.copy(
      { buffer: put(backend, randomFloats(rows * 73, 8)), strides: [1, rows] },
      { buffer: out, strides: [73, 1] },
      [rows, 73],
    );
    return { out };
  },
  'sums of all, of rows and of columns': (backend) => {
    const x = put(backend, randomFloats(rows * 73, 9));
    const [all, byRow, byColumn] = [backend.alloc('f32', 1), backend.alloc('f32', rows), backend.alloc('f32', 73)];
    backend.reduce('sum', x, all, { outer: 1, length: rows * 73, inner: 1 });
    backend.reduce('sum', x, byRow, { outer: rows, length: 73, inner: 1 });
    backend.reduce('sum', x, byColumn, { outer: 1, length: rows, inner: 73 });
    return { all, byRow, byColumn };
  },
  'gather and scatter': (backend) => {
    const places = put(backend, index);
    const gathered = backend.alloc('f32', rows * 73);
    const scattered = put(backend, new Float32Array(96 * 73));
    backend.gatherRows(put(backend, randomFloats(96 * 73, 10)), places, gathered, 73);
    backend.scatterAddRows(put(backend, randomFloats(rows * 73, 11)), places, scattered, 73);
    return { gathered, scattered };
  },
  'random bits': (backend) => {
    const out = backend.alloc('u32', count);
    backend.randomBits(out, [7, 11], 2 ** 32 - 1000);
    return { out };
  },
  'linear, forward and backward': (backend) => {
    const spec = { rows, inputSize: 37, outputSize: 65, needsSaved: true };
    const inputs = {
      x: put(backend, randomFloats(rows * 37, 12)),
      weight: put(backend, randomFloats(65 * 37, 13)),
      bias: put(backend, randomFloats(65, 14)),
    };
    const op = backend.fused.linear!;
    const { outputs, saved } = op.forward(spec, inputs);
    const gradients = { y: put(backend, randomFloats(rows * 65, 15)) };
    const found = op.backward(spec, {
      inputs,
      outputs,
      saved: saved!,
      gradients,
      wanted: { x: true, weight: true, bias: true },
    });
    saved!.release();
    return { y: outputs.y, dx: found.x!, dw: found.weight!, db: found.bias! };
  },
};

describe.each([{ relaxedSimd: 'auto' }, { relaxedSimd: false }] as const)(
  'with relaxed SIMD: $relaxedSimd',
  ({ relaxedSimd }) => {
    const backends: CpuBackend[] = [];

    beforeAll(async () => {
      for (const threads of [1, 2, 3]) backends.push(await createCpuBackend({ threads, relaxedSimd }));
    });
    afterAll(() => Promise.all(backends.map((backend) => backend.dispose())));

    test.each(Object.entries(recipes))('%s: the same bits with 1, 2 and 3 threads', async (_, recipe) => {
      const [one, ...more] = await Promise.all(
        backends.map((backend) => backend.readMany(Object.values(recipe(backend)))),
      );
      for (const results of more) results.forEach((words, n) => expect(firstDifference(words, one![n]!)).toBe(-1));
    });
  },
);
