import type { DeviceBuffer, DType, ReduceOp, ReduceSpec } from '@timestep/backend-api';
import type { Engine, KernelName } from '../engine/engine.ts';

interface AxisKernels {
  readonly rows: KernelName;
  readonly columns: KernelName;
}

const reductions: Readonly<Record<ReduceOp, Readonly<Record<DType, AxisKernels>>>> = {
  sum: {
    f32: { rows: 'reduceRowsSum', columns: 'reduceColumnsSum' },
    i32: { rows: 'reduceRowsSumInteger', columns: 'reduceColumnsSumInteger' },
    u32: { rows: 'reduceRowsSumInteger', columns: 'reduceColumnsSumInteger' },
  },
  max: {
    f32: { rows: 'reduceRowsMax', columns: 'reduceColumnsMax' },
    i32: { rows: 'reduceRowsMaxSigned', columns: 'reduceColumnsMaxSigned' },
    u32: { rows: 'reduceRowsMaxUnsigned', columns: 'reduceColumnsMaxUnsigned' },
  },
  min: {
    f32: { rows: 'reduceRowsMin', columns: 'reduceColumnsMin' },
    i32: { rows: 'reduceRowsMinSigned', columns: 'reduceColumnsMinSigned' },
    u32: { rows: 'reduceRowsMinUnsigned', columns: 'reduceColumnsMinUnsigned' },
  },
};

const argmaxKernels: Readonly<Record<DType, AxisKernels>> = {
  f32: { rows: 'argmaxRowsFloat', columns: 'argmaxColumnsFloat' },
  i32: { rows: 'argmaxRowsSigned', columns: 'argmaxColumnsSigned' },
  u32: { rows: 'argmaxRowsUnsigned', columns: 'argmaxColumnsUnsigned' },
};

/** The time of one thread for an element, and to finish a row or to begin a block of columns, in nanoseconds. */
const elementNanoseconds = 0.25;
const rowNanoseconds = 5;

/**
 * A long axis is reduced in blocks and then once more over these: so the threads share it, and a sum of n terms gathers
 * an error of √block + √(n/block) roundings instead of √n. The borders depend on the shape alone, never on the threads.
 */
const rowBlock = 16_384;
const blockElements = 65_536;
const leastBlockRows = 256;
const columnChunk = 1024;

/** Contract: Backend.reduce. */
export function reduce(engine: Engine, op: ReduceOp, input: DeviceBuffer, out: DeviceBuffer, spec: ReduceSpec): void {
  const { rows, columns } = reductions[op][input.dtype];
  const [source, target] = [engine.address(input), engine.address(out)];
  if (out.length === 0) return;
  if (spec.inner === 1) reduceRows(engine, rows, source, target, spec.outer, spec.length);
  else reduceColumns(engine, columns, source, target, spec);
}

function reduceRows(
  engine: Engine,
  kernel: KernelName,
  input: number,
  out: number,
  rows: number,
  length: number,
): void {
  const blocks = Math.ceil(length / rowBlock);
  const parts = engine.partsFor(rows * (length * elementNanoseconds + rowNanoseconds));
  if (blocks <= 1) {
    engine.run(kernel, parts, [input, out, rows, length, Math.max(length, 1), 1]);
    return;
  }
  engine.withScratch((scratch) => {
    const partial = scratch(rows * blocks * 4);
    engine.run(kernel, parts, [input, partial, rows, length, rowBlock, blocks]);
    reduceRows(engine, kernel, partial, out, rows, blocks);
  });
}

function reduceColumns(
  engine: Engine,
  kernel: KernelName,
  input: number,
  out: number,
  { outer, length, inner }: ReduceSpec,
): void {
  const block = Math.max(leastBlockRows, Math.ceil(blockElements / inner));
  const blocks = Math.ceil(length / block);
  const parts = engine.partsFor(outer * length * inner * elementNanoseconds + outer * blocks * rowNanoseconds);
  if (blocks <= 1) {
    engine.run(kernel, parts, [input, out, outer, length, inner, Math.max(length, 1), 1, columnChunk]);
    return;
  }
  engine.withScratch((scratch) => {
    const partial = scratch(outer * blocks * inner * 4);
    engine.run(kernel, parts, [input, partial, outer, length, inner, block, blocks, columnChunk]);
    reduceColumns(engine, kernel, partial, out, { outer, length: blocks, inner });
  });
}

/** Contract: Backend.argmax. */
export function argmax(
  engine: Engine,
  input: DeviceBuffer,
  out: DeviceBuffer,
  { outer, length, inner }: ReduceSpec,
): void {
  const { rows, columns } = argmaxKernels[input.dtype];
  const addresses = [engine.address(input), engine.address(out)];
  if (out.length === 0) return;
  const parts = engine.partsFor(outer * inner * (length * 2 * elementNanoseconds + rowNanoseconds));
  engine.run(inner === 1 ? rows : columns, parts, [...addresses, outer, length, inner]);
}
