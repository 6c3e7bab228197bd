// Loaded by every thread of the backend: products on the thread's own core, for the kernels of the recurrent layers.
import koffi from 'koffi';
import type { Multiply } from '@timestep/backend-cpu/extend';
import { check } from './dnnl/functions.ts';
import { blasThreads, openMpThreads } from './libraries/threads.ts';

/** Which library, as the main thread found it. */
export interface MultiplyData {
  readonly kind: 'onednn' | 'blas';
  readonly name: string;
}

const rowMajor = 101;
const [noTranspose, transpose] = [111, 112];
const [letterN, letterT] = ['N'.charCodeAt(0), 'T'.charCodeAt(0)];

export function createMultiply(memory: WebAssembly.Memory, data: unknown): Multiply {
  const { kind, name } = data as MultiplyData;
  const library = koffi.load(name);
  const setThreads = (kind === 'blas' ? blasThreads(library) : null) ?? openMpThreads();
  setThreads(1);
  // A shared memory never moves.
  let buffer = memory.buffer;
  let base = Number(koffi.address(new Uint8Array(buffer)));
  const at = (offset: number): number => {
    if (memory.buffer !== buffer) {
      buffer = memory.buffer;
      base = Number(koffi.address(new Uint8Array(buffer)));
    }
    return base + (offset >>> 0);
  };
  if (kind === 'blas') {
    const gemm = library.func(
      'void cblas_sgemm(int order, int transa, int transb, int m, int n, int k, float alpha, uintptr_t a, int lda, uintptr_t b, int ldb, float beta, uintptr_t c, int ldc)',
    );
    return (transposeA, m, n, k, a, aStride, b, bStride, accumulate, c, cStride) => {
      gemm(
        rowMajor,
        transposeA ? transpose : noTranspose,
        noTranspose,
        m,
        n,
        k,
        1,
        at(a),
        aStride,
        at(b),
        bStride,
        accumulate,
        at(c),
        cStride,
      );
    };
  }
  const gemm = library.func(
    'int dnnl_sgemm(char transa, char transb, int64_t m, int64_t n, int64_t k, float alpha, uintptr_t a, int64_t lda, uintptr_t b, int64_t ldb, float beta, uintptr_t c, int64_t ldc)',
  );
  return (transposeA, m, n, k, a, aStride, b, bStride, accumulate, c, cStride) => {
    check(
      'sgemm',
      gemm(
        transposeA ? letterT : letterN,
        letterN,
        m,
        n,
        k,
        1,
        at(a),
        aStride,
        at(b),
        bStride,
        accumulate,
        at(c),
        cStride,
      ) as number,
    );
  };
}
