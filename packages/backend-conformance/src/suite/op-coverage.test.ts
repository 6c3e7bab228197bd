import {
  binaryOps,
  reduceOps,
  unaryOps,
  type Backend,
  type BinaryOp,
  type DeviceBuffer,
  type DType,
  type ReduceOp,
  type UnaryOp,
} from '@timestep/backend-api';
import { describe, expect, it } from 'vitest';
import { createBroken, type BrokenBackend } from '../broken-backends/broken-backend.ts';
import type { Heap } from '../reference/heap.ts';
import type { Check } from './check.ts';
import { binaryChecks } from './checks/binary.ts';
import { reduceChecks } from './checks/reduce.ts';
import { unaryChecks } from './checks/unary.ts';
import { runChecks } from './run.ts';

/** Changes the first element of what an op of this name and dtype gives. */
function spoil(heap: Heap, out: DeviceBuffer): void {
  if (out.length === 0) return;
  const values = heap.values('broken', out);
  values[0] = values[0] === 3 ? 5 : 3;
}

const spoiled = {
  unary:
    (name: UnaryOp, dtype: DType): BrokenBackend['breakIt'] =>
    ({ unary }, heap) => ({
      unary(op, input, out, alpha, beta) {
        unary(op, input, out, alpha, beta);
        if (op === name && input.dtype === dtype) spoil(heap, out);
      },
    }),
  binary:
    (name: BinaryOp, dtype: DType): BrokenBackend['breakIt'] =>
    ({ binary }, heap) => ({
      binary(op, a, b, out, shape) {
        binary(op, a, b, out, shape);
        if (op === name && a.buffer.dtype === dtype) spoil(heap, out);
      },
    }),
  reduce:
    (name: ReduceOp, dtype: DType): BrokenBackend['breakIt'] =>
    ({ reduce }, heap) => ({
      reduce(op, input, out, spec) {
        reduce(op, input, out, spec);
        if (op === name && input.dtype === dtype) spoil(heap, out);
      },
    }),
} as const;

type Table = Readonly<Record<string, { readonly in: readonly DType[] }>>;

function pairs(table: Table): [op: string, dtype: DType][] {
  return Object.entries(table).flatMap(([op, row]) => row.in.map((dtype): [string, DType] => [op, dtype]));
}

async function isCaught(breakIt: BrokenBackend['breakIt'], checks: readonly Check[]): Promise<boolean> {
  const create = (): Backend => createBroken({ fault: 'a wrong element', caughtBy: '', breakIt });
  const outcomes = await runChecks({ name: 'broken', create }, checks);
  return outcomes.some(({ status }) => status === 'failed');
}

// An op that is added to a table and to no check would pass on any backend; here that is a failure.
describe('a wrong element is noticed', () => {
  it.each(pairs(unaryOps))('unary %s of %s', async (op, dtype) => {
    expect(await isCaught(spoiled.unary(op as UnaryOp, dtype), unaryChecks)).toBe(true);
  });

  it.each(pairs(binaryOps))('binary %s of %s', async (op, dtype) => {
    expect(await isCaught(spoiled.binary(op as BinaryOp, dtype), binaryChecks)).toBe(true);
  });

  it.each(pairs(reduceOps))('reduce %s of %s', async (op, dtype) => {
    expect(await isCaught(spoiled.reduce(op as ReduceOp, dtype), reduceChecks)).toBe(true);
  });
});
