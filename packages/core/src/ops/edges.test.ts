import { expect, test } from 'vitest';
import fixtures from '../fixtures/edges.json' with { type: 'json' };
import { tensor } from '../create.ts';
import { openScope } from '../scope.ts';
import type { Tensor } from '../tensor.ts';
import { createReferenceBackend } from '../test-support/reference.ts';
import { maximum, minimum, multiply, power } from './binary.ts';
import { max, mean, min, sum } from './reduce.ts';
import { logSoftmax, softmax } from './softmax.ts';
import { clamp } from './clamp.ts';
import { absolute, log, log1p, reciprocal, relu, rsqrt, sign, sqrt } from './unary.ts';

type Run = (x: Tensor, y: Tensor) => Tensor;

const runs: Readonly<Record<string, Run>> = {
  power,
  ...Object.fromEntries([0, 1, 2, 3, 0.5, -1, 1.5].map((n): [string, Run] => [`powerOf ${n}`, (x) => power(x, n)])),
  maximum,
  minimum,
  clamp: (x) => clamp(x, -1, 2),
  sqrt,
  rsqrt,
  log,
  log1p,
  abs: absolute,
  sign,
  relu,
  reciprocal,
  softmax: (x) => softmax(x, -1, { fused: 'off' }),
  logSoftmax: (x) => logSoftmax(x, -1, { fused: 'off' }),
  max: (x) => max(x, -1),
  min: (x) => min(x, -1),
  'mean of nothing': (x) => mean(x, -1),
};

test('every case has a run and every run a case', () => {
  expect(Object.keys(runs).sort()).toEqual(fixtures.map(({ name }) => name).sort());
});

/** Equal in NaN, infinities and zeros of either sign, and else within 1e-12, some thousand roundings of float64. */
function agree(actual: ArrayLike<number>, expected: readonly string[], label: string): void {
  expect(actual.length, label).toBe(expected.length);
  expected.map(Number).forEach((value, n) => {
    const found = actual[n]!;
    const same = Number.isFinite(value)
      ? Math.abs(found - value) <= 1e-12 * (1 + Math.abs(value))
      : Object.is(found, value);
    expect(same, `${label} at ${n}: PyTorch ${value}, here ${found}`).toBe(true);
  });
}

test.each(fixtures)('$name: value and gradients at the edges are those of PyTorch', async (fixture) => {
  const backend = createReferenceBackend();
  using _scope = openScope(backend);
  const leaves = fixture.inputs.map((values, k) =>
    tensor(backend, values.map(Number), { shape: fixture.shapes[k]!, requiresGrad: true }),
  );
  const y = runs[fixture.name]!(leaves[0]!, leaves[1]!);
  agree(await y.data(), fixture.value, 'value');
  if (!y.requiresGrad) return;
  const upstream = tensor(backend, fixture.upstream.map(Number), { shape: fixture.shape });
  sum(multiply(y, upstream)).backward();
  for (const [k, leaf] of leaves.entries()) agree(await leaf.grad!.data(), fixture.gradients[k]!, `gradient ${k}`);
});
