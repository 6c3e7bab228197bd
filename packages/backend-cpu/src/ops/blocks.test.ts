import type { Backend, DeviceBuffer, DType, MatmulSpec, ReduceOp } from '@timestep/backend-api';
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCpuBackend } from '../index.ts';
import { randomSource } from '../test-support/sequence-case.ts';

// Sizes beyond the kernels' blocks, and operands that take their fast paths; the conformance suite has the small ones.
// The numbers are whole and the sums below 2²⁴, so that every order of adding gives the same result and nothing is
// rounded.

let cpu: Backend;
const reference = createReferenceBackend();

beforeAll(async () => {
  cpu = await createCpuBackend({ threads: 2 });
});
afterAll(() => cpu.dispose());

type Recipe = (backend: Backend, make: (dtype: DType, length: number) => DeviceBuffer) => void;

/** Runs a recipe on both backends, over buffers of the same whole numbers, and compares all of its buffers. */
async function expectSame(recipe: Recipe): Promise<void> {
  const results = [];
  for (const backend of [cpu, reference]) {
    const next = randomSource(17);
    const buffers: DeviceBuffer[] = [];
    recipe(backend, (dtype, length) => {
      const buffer = backend.alloc(dtype, length);
      backend.write(
        buffer,
        Float32Array.from({ length }, () => Math.floor(next() * 5) + (dtype === 'u32' ? 5 : 0)),
      );
      buffers.push(buffer);
      return buffer;
    });
    results.push((await backend.readMany(buffers)).map((values) => Float64Array.from(values)));
    for (const buffer of buffers) backend.free(buffer);
  }
  const [actual, expected] = results;
  expect(actual!.map((values, n) => values.findIndex((value, i) => value !== expected![n]![i]))).toEqual(
    actual!.map(() => -1),
  );
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
const orientations = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB })),
);

describe.each(orientations)('matmul, transposed: $transposeA, $transposeB', (orientation) => {
  test.each([
    { m: 101, n: 530, k: 600 },
    { m: 530, n: 101, k: 257 },
    { m: 7, n: 9, k: 1030 },
    { m: 1, n: 701, k: 300 },
    { m: 701, n: 1, k: 301 },
    { m: 1, n: 1, k: 1003 },
    { m: 1, n: 300, k: 5, batch: 40, aStride: 5, bStride: 1500 },
    { m: 300, n: 1, k: 7, batch: 40, aStride: 2100, bStride: 0 },
  ])('%o', async (sizes) => {
    for (const accumulate of [false, true]) {
      const spec = { ...plain, ...sizes, ...orientation, accumulate };
      await expectSame((backend, make) => {
        const a = make('f32', (spec.batch - 1) * spec.aStride + spec.m * spec.k);
        const b = make('f32', (spec.batch - 1) * spec.bStride + spec.k * spec.n);
        backend.matmul(a, b, make('f32', spec.batch * spec.m * spec.n), spec);
      });
    }
  });
});

test.each([
  { rows: 1, inputSize: 300, outputSize: 500 },
  { rows: 500, inputSize: 300, outputSize: 1 },
  { rows: 1000, inputSize: 33, outputSize: 70 },
  { rows: 3, inputSize: 0, outputSize: 5 },
])('linear with a bias, forward and backward: %o', async (sizes) => {
  await expectSame((backend, make) => {
    const { rows, inputSize, outputSize } = sizes;
    const [x, weight, bias] = [
      make('f32', rows * inputSize),
      make('f32', outputSize * inputSize),
      make('f32', outputSize),
    ];
    const spec = { ...sizes, needsSaved: true };
    const { outputs, saved } = backend.fused.linear!.forward(spec, { x, weight, bias });
    const gradients = { y: make('f32', rows * outputSize) };
    const found = backend.fused.linear!.backward(spec, {
      inputs: { x, weight, bias },
      outputs,
      saved: saved!,
      gradients,
      wanted: { x: true, weight: true, bias: true },
    });
    saved!.release();
    for (const buffer of [outputs.y, found.x!, found.weight!, found.bias!]) {
      backend.copy({ buffer, strides: [1] }, { buffer: make('f32', buffer.length), strides: [1] }, [buffer.length]);
      backend.free(buffer);
    }
  });
});

describe.each(['f32', 'i32', 'u32'] as const)('reduce %s', (dtype) => {
  test.each([
    { outer: 1, length: 50_003, inner: 1 },
    { outer: 3, length: 40_000, inner: 1 },
    { outer: 1, length: 3001, inner: 37 },
    { outer: 1, length: 70_001, inner: 3 },
    { outer: 2, length: 700, inner: 1500 },
    { outer: 300, length: 9, inner: 70 },
  ])('%o', async (spec) => {
    await expectSame((backend, make) => {
      const x = make(dtype, spec.outer * spec.length * spec.inner);
      for (const op of ['sum', 'max', 'min'] satisfies ReduceOp[])
        backend.reduce(op, x, make(dtype, spec.outer * spec.inner), spec);
      backend.argmax(x, make('i32', spec.outer * spec.inner), spec);
    });
  });
});

test.each([
  { name: 'a transpose', shape: [270, 450], from: [1, 270], to: [450, 1], length: 121_500 },
  { name: 'a transpose of a batch', shape: [6, 70, 45], from: [3150, 1, 70], to: [3150, 45, 1], length: 18_900 },
  {
    name: 'a transpose of the outermost and innermost axes',
    shape: [45, 70, 6],
    from: [1, 45, 3150],
    to: [420, 6, 1],
    length: 18_900,
  },
  { name: 'a transpose into a part', shape: [40, 30], from: [1, 40], to: [100, 1], length: 4000 },
  { name: 'a transpose out of a part', shape: [40, 30], from: [1, 133], to: [30, 1], length: 4000 },
  { name: 'long rows', shape: [50, 300], from: [400, 1], to: [300, 1], length: 20_000 },
  {
    name: 'four axes, permuted',
    shape: [5, 9, 8, 33],
    from: [264, 1320, 33, 1],
    to: [2376, 264, 33, 1],
    length: 11_880,
  },
  {
    name: 'five axes, permuted',
    shape: [3, 4, 5, 6, 7],
    from: [7, 21, 84, 420, 1],
    to: [840, 210, 42, 7, 1],
    length: 2520,
  },
  { name: 'columns of a scatter', shape: [77, 65], from: [65, 1], to: [1, 77], length: 5005 },
])('copy: $name', async ({ shape, from, to, length }) => {
  await expectSame((backend, make) => {
    backend.copy({ buffer: make('f32', length), strides: from }, { buffer: make('f32', length), strides: to }, shape);
  });
});

const operands = [
  [77, 1],
  [0, 1],
  [1, 0],
  [0, 0],
  [1, 65],
  [-77, 1],
  [77, -1],
] as const;

test.each(operands.flatMap((a) => operands.map((b) => ({ a, b }))))(
  'binary and select with strides $a and $b',
  async ({ a, b }) => {
    await expectSame((backend, make) => {
      const operand = (dtype: DType, strides: readonly [number, number]) => {
        const offset = Math.max(0, -strides[0] * 64) + Math.max(0, -strides[1] * 76);
        return { buffer: make(dtype, 65 * 77 + 10), strides, offset };
      };
      const [left, right] = [operand('f32', a), operand('f32', b)];
      const shape = [65, 77];
      const condition = make('u32', 65 * 77);
      backend.unary('logicalNot', condition, condition, 0, 0);
      backend.binary('subtract', left, right, make('f32', 65 * 77), shape);
      backend.binary('less', left, right, make('u32', 65 * 77), shape);
      backend.select({ buffer: condition, strides: [77, 1] }, left, right, make('f32', 65 * 77), shape);
      backend.select({ buffer: condition, strides: [1, 0] }, right, left, make('f32', 65 * 77), shape);
    });
  },
);
