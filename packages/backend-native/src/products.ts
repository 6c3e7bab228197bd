import type { MatmulSpec } from '@timestep/backend-api';
import type { ExternalProduct } from '@timestep/backend-cpu/extend';
import { check } from './dnnl/functions.ts';
import type { Library } from './dnnl/functions.ts';
import type { NativeMemory } from './libraries/address.ts';

/** C = op(A)·op(B) + beta·C, row-major, with the strides of the rows; the addresses are native. */
export type Gemm = (
  transposeA: boolean,
  transposeB: boolean,
  m: number,
  n: number,
  k: number,
  a: bigint,
  lda: number,
  b: bigint,
  ldb: number,
  beta: number,
  c: bigint,
  ldc: number,
) => void;

/** oneDNN's product. */
export function dnnlGemm(library: Library): Gemm {
  const sgemm = library.func(
    'int dnnl_sgemm(char transa, char transb, int64_t m, int64_t n, int64_t k, float alpha, void *a, int64_t lda, void *b, int64_t ldb, float beta, void *c, int64_t ldc)',
  );
  const letter = (transposed: boolean): number => (transposed ? 'T' : 'N').charCodeAt(0);
  return (transposeA, transposeB, m, n, k, a, lda, b, ldb, beta, c, ldc) => {
    check('sgemm', sgemm(letter(transposeA), letter(transposeB), m, n, k, 1, a, lda, b, ldb, beta, c, ldc) as number);
  };
}

const rowMajor = 101;
const plain = 111;
const transposed = 112;

/** The product of any library with the CBLAS interface. */
export function blasGemm(library: Library): Gemm {
  const sgemm = library.func(
    'void cblas_sgemm(int order, int transa, int transb, int m, int n, int k, float alpha, void *a, int lda, void *b, int ldb, float beta, void *c, int ldc)',
  );
  return (transposeA, transposeB, m, n, k, a, lda, b, ldb, beta, c, ldc) => {
    sgemm(
      rowMajor,
      transposeA ? transposed : plain,
      transposeB ? transposed : plain,
      m,
      n,
      k,
      1,
      a,
      lda,
      b,
      ldb,
      beta,
      c,
      ldc,
    );
  };
}

/** The backend's products from `threshold` multiplications and additions on, made by a library. */
export function nativeProduct(
  gemm: Gemm,
  memory: NativeMemory,
  useThreads: () => void,
  threshold: number,
): ExternalProduct {
  return {
    takes: ({ m, n, k }: MatmulSpec) => m * n * k >= threshold,
    run(a, b, out, { m, n, k, batch, aStride, bStride, transposeA, transposeB, accumulate }) {
      useThreads();
      for (let i = 0; i < batch; i++) {
        const [from, and, to] = [
          memory.at(a + 4 * i * aStride),
          memory.at(b + 4 * i * bStride),
          memory.at(out + 4 * i * m * n),
        ];
        gemm(
          transposeA,
          transposeB,
          m,
          n,
          k,
          from,
          transposeA ? m : k,
          and,
          transposeB ? k : n,
          accumulate ? 1 : 0,
          to,
          n,
        );
      }
    },
  };
}
