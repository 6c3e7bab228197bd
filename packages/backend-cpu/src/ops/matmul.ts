import type { DeviceBuffer, MatmulSpec } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';
import { copy } from './copy.ts';

/** One thread does about 50 multiply-adds in a nanosecond; less in small products. */
const nanosecondsPerMultiplyAdd = 0.03;

/** out = op(a)·op(b) (+ out), or + bias `[n]` in every row. Contract: Backend.matmul. */
export function matmul(engine: Engine, a: DeviceBuffer, b: DeviceBuffer, out: DeviceBuffer, spec: MatmulSpec, bias: DeviceBuffer | null = null): void {
  const { m, n, k, batch, aStride, bStride, transposeA, transposeB, accumulate } = spec;
  const addresses = [engine.address(a), engine.address(b), engine.address(out), engine.addressOrZero(bias)];
  if (m === 0 || n === 0 || batch === 0) return;
  const external = engine.externalProduct;
  if (k > 0 && external?.takes(spec)) {
    if (bias) copy(engine, { buffer: bias, strides: [0, 1] }, { buffer: out, strides: [n, 1] }, [batch * m, n]);
    external.run(addresses[0]!, addresses[1]!, addresses[2]!, bias ? { ...spec, accumulate: true } : spec);
    return;
  }
  const parts = engine.partsFor(batch * m * n * k * nanosecondsPerMultiplyAdd);
  const scratchBytes = Math.ceil(engine.kernels.gemmScratchBytes(m, n, k) / 64) * 64;
  engine.withScratch((scratch) => {
    engine.run('matmulParts', parts, [
      ...addresses,
      scratch(scratchBytes * parts),
      scratchBytes,
      batch,
      m,
      n,
      k,
      aStride,
      transposeA ? 1 : k,
      transposeA ? m : 1,
      bStride,
      transposeB ? 1 : n,
      transposeB ? k : 1,
      accumulate ? 1 : 0,
    ]);
  });
}
