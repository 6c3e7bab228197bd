import { conformanceChecks, runChecks } from '@timestep/backend-conformance/checks';
import { createCpuBackend, type CpuBackendOptions } from '../../index.ts';

/** The results of a page or a worker. */
export interface Findings {
  readonly crossOriginIsolated: boolean;
  readonly threads: number;
  /** The largest deviation of a product from the same in plain loops. */
  readonly deviation: number;
  /** Names of the conformance checks that failed, with their errors. */
  readonly failures: readonly string[];
  readonly checks: number;
}

const [m, n, k] = [203, 151, 67];

/** A product large enough for several threads. */
async function productDeviation(options: CpuBackendOptions): Promise<{ threads: number; deviation: number }> {
  const backend = await createCpuBackend(options);
  const a = Float32Array.from({ length: m * k }, (_, i) => Math.sin(i));
  const b = Float32Array.from({ length: k * n }, (_, i) => Math.cos(3 * i));
  const [left, right, out] = [backend.alloc('f32', m * k), backend.alloc('f32', k * n), backend.alloc('f32', m * n)];
  backend.write(left, a);
  backend.write(right, b);
  let deviation = 0;
  for (let round = 0; round < 20; round++) {
    backend.matmul(left, right, out, {
      m,
      n,
      k,
      batch: 1,
      aStride: 0,
      bStride: 0,
      transposeA: false,
      transposeB: false,
      accumulate: false,
    });
    const product = await backend.read(out);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) sum += a[i * k + p]! * b[p * n + j]!;
        deviation = Math.max(deviation, Math.abs(product[i * n + j]! - sum));
      }
    }
  }
  const { threads } = backend.capabilities;
  await backend.dispose();
  return { threads, deviation };
}

export interface WorkOptions extends CpuBackendOptions {
  /** Run the conformance checks, too, but for those of the largest sizes. */
  readonly conformance: boolean;
}

/** Computes a product, and runs the conformance checks where asked for. */
export async function work({ conformance, ...options }: WorkOptions): Promise<Findings> {
  const checks = conformanceChecks.filter(
    ({ name }) => conformance && !/^large|66,000|300,001|[Bb]eyond the limit/.test(name),
  );
  const outcomes = await runChecks({ name: 'cpu', create: () => createCpuBackend(options), required: [''] }, checks);
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'failed' ? [`${outcome.name}: ${outcome.error.message}`] : [],
  );
  return {
    crossOriginIsolated: globalThis.crossOriginIsolated,
    ...(await productDeviation(options)),
    failures,
    checks: outcomes.length,
  };
}
