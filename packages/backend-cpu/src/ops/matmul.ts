import type { DeviceBuffer, MatmulSpec } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';
import { copy } from './copy.ts';

/**
 * The time of one thread for a multiply-add: 25 to 30 in a nanosecond in tiles, and about 8 where memory is the bound.
 */
const tileNanoseconds = 0.04;
const vectorNanoseconds = 0.12;

/** An operand as the kernels see it, in elements: a transpose is a matter of steps. */
interface Operand {
  readonly address: number;
  readonly batchStep: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** out = op(a)·op(b) (+ out), or + bias `[n]` in every row. Contract: Backend.matmul. */
export function matmul(
  engine: Engine,
  a: DeviceBuffer,
  b: DeviceBuffer,
  out: DeviceBuffer,
  spec: MatmulSpec,
  bias: DeviceBuffer | null = null,
): void {
  const { m, n, k, batch, transposeA, transposeB } = spec;
  const left = {
    address: engine.address(a),
    batchStep: spec.aStride,
    rowStep: transposeA ? 1 : k,
    columnStep: transposeA ? m : 1,
  };
  const right = {
    address: engine.address(b),
    batchStep: spec.bStride,
    rowStep: transposeB ? 1 : n,
    columnStep: transposeB ? k : 1,
  };
  const [target, biasAddress] = [engine.address(out), engine.addressOrZero(bias)];
  if (m === 0 || n === 0 || batch === 0) return;
  const external = engine.externalProduct;
  if (k > 0 && external?.takes(spec)) {
    if (bias) copy(engine, { buffer: bias, strides: [0, 1] }, { buffer: out, strides: [n, 1] }, [batch * m, n]);
    external.run(left.address, right.address, target, bias ? { ...spec, accumulate: true } : spec);
    return;
  }
  if (n === 1) {
    byVector(engine, left, right, right.rowStep, target, biasAddress, 0, m, spec);
    return;
  }
  if (m === 1) {
    const transposed = { ...right, rowStep: right.columnStep, columnStep: right.rowStep };
    byVector(engine, transposed, left, left.columnStep, target, biasAddress, 1, n, spec);
    return;
  }
  const parts = engine.partsFor(batch * m * n * k * tileNanoseconds);
  const scratchBytes = wholeLines(engine.kernels.gemmScratchBytes(m, n, k));
  engine.withScratch((scratch) => {
    engine.run('matmulParts', parts, [
      left.address,
      right.address,
      target,
      biasAddress,
      scratch(scratchBytes * parts),
      scratchBytes,
      batch,
      m,
      n,
      k,
      left.batchStep,
      left.rowStep,
      left.columnStep,
      right.batchStep,
      right.rowStep,
      right.columnStep,
      spec.accumulate ? 1 : 0,
    ]);
  });
}

/** A product with one row or one column: `length` elements of matrix·vector. */
function byVector(
  engine: Engine,
  matrix: Operand,
  vector: Operand,
  vectorStep: number,
  out: number,
  bias: number,
  biasStep: number,
  length: number,
  { batch, k, accumulate }: MatmulSpec,
): void {
  const parts = engine.partsFor(batch * length * k * vectorNanoseconds);
  const scratchBytes = vectorStep === 1 ? 0 : wholeLines(4 * k);
  engine.withScratch((scratch) => {
    engine.run('vectorParts', parts, [
      matrix.address,
      vector.address,
      out,
      bias,
      scratch(scratchBytes * parts),
      scratchBytes,
      batch,
      length,
      k,
      matrix.batchStep,
      matrix.rowStep,
      matrix.columnStep,
      vector.batchStep,
      vectorStep,
      accumulate ? 1 : 0,
      biasStep,
    ]);
  });
}

function wholeLines(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
