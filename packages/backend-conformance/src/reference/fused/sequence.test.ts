import { describe, expect, test } from 'vitest';
import { gradientErrors } from '../../test-support/finite-differences.ts';
import { TestRandom } from '../../suite/random.ts';
import { createReferenceBackend } from '../backend.ts';

const [T, N, D, H] = [4, 3, 2, 3];
const shared = { steps: T, batch: N, inputSize: D, hiddenSize: H };
const travels = [
  { lengths: null, reverse: false },
  { lengths: Int32Array.of(4, 0, 2), reverse: false },
  { lengths: Int32Array.of(1, 4, 3), reverse: true },
];

function sequenceInputs(random: TestRandom, gates: number, P: number) {
  return {
    x: random.floats(T * N * D),
    weightIh: random.floats(gates * H * D),
    weightHh: random.floats(gates * H * P),
    biasIh: random.floats(gates * H),
    biasHh: random.floats(gates * H),
    h0: random.floats(N * P),
  };
}

describe('backward passes of the reference against finite differences', () => {
  test.each(travels.flatMap((travel) => (['tanh', 'relu'] as const).map((activation) => ({ ...travel, activation }))))(
    'rnnSequence $activation, lengths $lengths, reverse $reverse',
    async ({ lengths, reverse, activation }) => {
      const random = new TestRandom(1);
      const backend = createReferenceBackend();
      const errors = await gradientErrors(backend, backend.fused.rnnSequence, {
        spec: { ...shared, lengths, reverse, variant: { activation } },
        inputs: sequenceInputs(random, 1, H),
        upstream: { output: random.floats(T * N * H), hN: random.floats(N * H) },
        outputs: ['output', 'hN'],
      });
      for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(1e-8);
    },
  );

  test.each(travels.flatMap((travel) => (['after', 'before'] as const).map((reset) => ({ ...travel, reset }))))(
    'gruSequence reset $reset, lengths $lengths, reverse $reverse',
    async ({ lengths, reverse, reset }) => {
      const random = new TestRandom(2);
      const backend = createReferenceBackend();
      const errors = await gradientErrors(backend, backend.fused.gruSequence, {
        spec: { ...shared, lengths, reverse, variant: { reset } },
        inputs: sequenceInputs(random, 3, H),
        upstream: { output: random.floats(T * N * H), hN: random.floats(N * H) },
        outputs: ['output', 'hN'],
      });
      for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(1e-8);
    },
  );

  const variants = [false, true].flatMap((peepholes) =>
    [false, true].flatMap((coupledGates) =>
      [0, 2].map((projectionSize) => ({ peepholes, coupledGates, projectionSize })),
    ),
  );
  test.each(variants.map((variant, n) => ({ ...travels[n % 3]!, variant })))(
    'lstmSequence %j',
    async ({ lengths, reverse, variant }) => {
      const random = new TestRandom(3);
      const backend = createReferenceBackend();
      const P = variant.projectionSize || H;
      const errors = await gradientErrors(backend, backend.fused.lstmSequence, {
        spec: { ...shared, lengths, reverse, variant },
        inputs: {
          ...sequenceInputs(random, 4, P),
          c0: random.floats(N * H),
          ...(variant.projectionSize > 0 ? { weightHr: random.floats(P * H) } : {}),
          ...(variant.peepholes ? { peephole: random.floats(3 * H) } : {}),
        },
        fixed: {
          ...(variant.projectionSize > 0 ? {} : { weightHr: null }),
          ...(variant.peepholes ? {} : { peephole: null }),
        },
        upstream: { output: random.floats(T * N * P), hN: random.floats(N * P), cN: random.floats(N * H) },
        outputs: ['output', 'hN', 'cN'],
      });
      for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(1e-8);
    },
  );
});
