import type { MatmulSpec } from '@timestep/backend-api';
import { summed } from '../accuracy.ts';
import { type Check, type CheckContext } from '../check.ts';
import { TestRandom } from '../random.ts';
import { agree, collect, gives, type Side } from '../side.ts';

const plain = { batch: 1, transposeA: false, transposeB: false, accumulate: false } as const;

const sizes: readonly (readonly [m: number, n: number, k: number])[] = [
  [1, 1, 1],
  [3, 5, 7],
  [1, 33, 17],
  [33, 1, 17],
  [16, 16, 16],
  [65, 67, 31],
  [70, 130, 1],
  [8, 6, 300],
  [128, 64, 40],
];

interface Operands {
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly out: Float64Array | null;
}

function recipe(spec: MatmulSpec, { a, b, out }: Operands) {
  return (side: Side) => {
    const length = spec.batch * spec.m * spec.n;
    const result = out ? side.put('f32', out) : side.make('f32', length);
    side.backend.matmul(side.put('f32', a), side.put('f32', b), result, spec);
    return { result };
  };
}

/** Against the reference, within the rounding of sums of k products: Σ|a·b| comes from the reference on magnitudes. */
async function agreeOnProduct(context: CheckContext, spec: MatmulSpec, seed: number): Promise<void> {
  const random = new TestRandom(seed);
  const { m, n, k, batch, aStride, bStride } = spec;
  const operands: Operands = {
    a: random.floats(batch === 0 ? 0 : (batch - 1) * aStride + m * k),
    b: random.floats(batch === 0 ? 0 : (batch - 1) * bStride + k * n),
    out: spec.accumulate ? random.floats(batch * m * n) : null,
  };
  const magnitudes = await collect(
    context.reference,
    recipe(spec, {
      a: operands.a.map(Math.abs),
      b: operands.b.map(Math.abs),
      out: operands.out && operands.out.map(Math.abs),
    }),
  );
  await agree(context, recipe(spec, operands), summed(k + 1, magnitudes['result']!), JSON.stringify(spec));
}

const orientations = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB })),
);

const batches: readonly { readonly name: string; readonly spec: MatmulSpec }[] = [
  { name: 'a matrix each', spec: { ...plain, m: 5, n: 6, k: 7, batch: 9, aStride: 35, bStride: 42 } },
  { name: 'one a for all', spec: { ...plain, m: 5, n: 6, k: 7, batch: 4, aStride: 0, bStride: 42 } },
  { name: 'one b for all', spec: { ...plain, m: 5, n: 6, k: 7, batch: 4, aStride: 35, bStride: 0, transposeB: true } },
  {
    name: 'gaps between the matrices',
    spec: { ...plain, m: 3, n: 2, k: 5, batch: 3, aStride: 40, bStride: 11, transposeA: true },
  },
  { name: 'a batch of none', spec: { ...plain, m: 3, n: 2, k: 5, batch: 0, aStride: 15, bStride: 10 } },
  { name: 'accumulated', spec: { ...plain, m: 17, n: 9, k: 5, batch: 3, aStride: 85, bStride: 45, accumulate: true } },
];

export const matmulChecks: readonly Check[] = [
  ...orientations.map(({ transposeA, transposeB }): Check => ({
    name: `matmul ${transposeA ? 'aᵀ' : 'a'}·${transposeB ? 'bᵀ' : 'b'}: sizes 1, odd and beyond a tile`,
    async run(context) {
      for (const [m, n, k] of sizes)
        await agreeOnProduct(context, { ...plain, m, n, k, aStride: 0, bStride: 0, transposeA, transposeB }, 81);
    },
  })),
  ...orientations.map(({ transposeA, transposeB }): Check => ({
    name: `matmul ${transposeA ? 'aᵀ' : 'a'}·${transposeB ? 'bᵀ' : 'b'}: accumulate adds to the output`,
    async run(context) {
      for (const [m, n, k] of [
        [3, 5, 7],
        [65, 67, 31],
        [20, 16, 300],
      ] as const) {
        await agreeOnProduct(
          context,
          { ...plain, m, n, k, aStride: 0, bStride: 0, transposeA, transposeB, accumulate: true },
          82,
        );
      }
    },
  })),
  ...batches.map(({ name, spec }): Check => ({
    name: `matmul batch: ${name}`,
    run: (context) => agreeOnProduct(context, spec, 83),
  })),
  {
    name: 'matmul: k = 0 is zeros, or what the output held; m = 0 and n = 0 do nothing',
    async run(context) {
      for (const accumulate of [false, true]) {
        await agreeOnProduct(context, { ...plain, m: 3, n: 4, k: 0, aStride: 0, bStride: 0, accumulate }, 84);
      }
      await agreeOnProduct(context, { ...plain, m: 0, n: 4, k: 3, aStride: 0, bStride: 0 }, 84);
      await agreeOnProduct(context, { ...plain, m: 3, n: 0, k: 3, aStride: 0, bStride: 0 }, 84);
    },
  },
  {
    name: 'matmul: a NaN reaches its own row or column and no other',
    async run(context) {
      const random = new TestRandom(85);
      const [m, n, k] = [19, 21, 10];
      const a = random.floats(m * k);
      const b = random.floats(k * n);
      a[4 * k + 3] = NaN;
      b[2 * n + 20] = NaN;
      const spec: MatmulSpec = { ...plain, m, n, k, aStride: 0, bStride: 0 };
      await agree(context, recipe(spec, { a, b, out: null }), summed(k, new Float64Array(m * n).fill(k)));
    },
  },
  {
    name: 'matmul: one matrix as both operands',
    async run(context) {
      const spec: MatmulSpec = { ...plain, m: 2, n: 2, k: 2, aStride: 0, bStride: 0, transposeB: true };
      await gives(
        context,
        (side) => {
          const x = side.put('f32', [1, 2, 3, 4]);
          const result = side.make('f32', 4);
          side.backend.matmul(x, x, result, spec);
          return { result };
        },
        { result: Float32Array.of(5, 11, 11, 25) },
        summed(2, [5, 11, 11, 25]),
      );
    },
  },
];
