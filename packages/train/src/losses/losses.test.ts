import { Generator, softmax, tensor, type Backend, type Tensor } from '@timestep/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backends, worst } from '../test-support/backends.ts';
import {
  BCEWithLogitsLoss,
  bceWithLogitsLoss,
  CrossEntropyLoss,
  crossEntropyLoss,
  HuberLoss,
  huberLoss,
  KLDivLoss,
  klDivLoss,
  L1Loss,
  l1Loss,
  MSELoss,
  mseLoss,
  SmoothL1Loss,
  smoothL1Loss,
} from '../index.ts';

type LossFunction = (
  prediction: Tensor,
  target: Tensor,
  options: { mask?: Tensor; reduction?: 'none' | 'sum' | 'mean' },
) => Tensor;

/** Rows of positive numbers whose sum is 1. */
function softmaxRows(values: Float64Array, size: number): Float64Array {
  return values.map((value, i) => {
    const row = values.subarray(i - (i % size), i - (i % size) + size);
    return Math.exp(value) / row.reduce((sum, x) => sum + Math.exp(x), 0);
  });
}

const shape = [4, 2, 3];
const elementwise: [string, LossFunction][] = [
  ['mseLoss', mseLoss],
  ['l1Loss', l1Loss],
  ['huberLoss', (x, y, options) => huberLoss(x, y, { ...options, delta: 0.6 })],
  ['smoothL1Loss', (x, y, options) => smoothL1Loss(x, y, { ...options, beta: 0.6 })],
  ['klDivLoss', (x, y, options) => klDivLoss(x, softmax(y), options)],
  ['bceWithLogitsLoss', (x, y, options) => bceWithLogitsLoss(x, softmax(y), { ...options, posWeight: 2.5 })],
];

describe.each(backends)('on $name', ({ name, create, ...tolerance }) => {
  let backend: Backend;
  beforeAll(async () => void (backend = await create()));
  afterAll(() => backend.dispose());

  const generator = new Generator(21);
  const normal = (length: number): Float64Array => Float64Array.from({ length }, () => generator.normal());

  describe.each(elementwise)('%s', (_name, loss) => {
    it('has the gradient that finite differences have', async () => {
      if (name !== 'reference') return; // f32 differences are too coarse to judge by; the fixtures judge the others
      const x = normal(24);
      const y = normal(24);
      const target = tensor(backend, y, { shape });
      const upstream = tensor(backend, -1.7);
      const value = async (values: Float64Array) =>
        -1.7 * (await loss(tensor(backend, values, { shape }), target, {}).item());
      const leaf = tensor(backend, x, { shape, requiresGrad: true });
      loss(leaf, target, {}).backward(upstream);
      const numeric = new Float64Array(24);
      for (let i = 0; i < 24; i++)
        numeric[i] = ((await value(x.with(i, x[i]! + 1e-6))) - (await value(x.with(i, x[i]! - 1e-6)))) / 2e-6;
      expect(worst(await leaf.grad!.data(), numeric, { relative: 1e-7, absolute: 1e-9 })).toBeLessThanOrEqual(1);
    });

    it('leaves out what is masked, NaN and infinity included', async () => {
      const x = normal(24);
      const y = normal(24);
      const keep = Uint32Array.from({ length: 8 }, (_, i) => (i % 3 === 1 ? 0 : 1));
      const mask = tensor(backend, keep, { shape: [4, 2, 1] });
      const dirty = x.map((value, i) => (keep[Math.floor(i / 3)] ? value : [NaN, Infinity, -Infinity][i % 3]!));
      const clean = tensor(backend, x, { shape, requiresGrad: true });
      const leaf = tensor(backend, dirty, { shape, requiresGrad: true });
      const target = tensor(backend, y, { shape });
      const rows = await loss(clean, target, { reduction: 'none' }).data();
      const kept = rows.map((value, i) => (keep[Math.floor(i / 3)] ? value : 0));
      const total = Array.from(kept).reduce((sum, value) => sum + value, 0);
      expect(worst(await loss(leaf, target, { mask, reduction: 'none' }).data(), kept, tolerance)).toBeLessThanOrEqual(
        1,
      );
      expect(
        worst(await loss(leaf, target, { mask, reduction: 'sum' }).data(), [total], tolerance),
      ).toBeLessThanOrEqual(1);
      const mean = loss(leaf, target, { mask });
      expect(worst(await mean.data(), [total / (3 * keep.filter(Boolean).length)], tolerance)).toBeLessThanOrEqual(1);
      mean.backward();
      const gradient = await leaf.grad!.data();
      expect(Array.from(gradient, (value) => Number.isFinite(value)).every(Boolean)).toBe(true);
      expect(gradient.filter((_, i) => !keep[Math.floor(i / 3)]).every((value) => value === 0)).toBe(true);
    });
  });

  it('gradients are 0 where a mask leaves out', async () => {
    const leaf = tensor(backend, [1, 2, 3], { requiresGrad: true });
    mseLoss(leaf, tensor(backend, [0, 0, 0]), { mask: tensor(backend, [1, 0, 1], { dtype: 'u32' }) }).backward();
    expect([...(await leaf.grad!.data())]).toEqual([1, 0, 3]);
  });

  it.each(['auto', 'off'] as const)('cross-entropy passes no NaN of an ignored row on, fused %s', async (fused) => {
    for (const weight of [null, tensor(backend, [1, 2])]) {
      const logits = tensor(backend, [1, 2, NaN, 1, Infinity, -Infinity], { shape: [3, 2], requiresGrad: true });
      const loss = crossEntropyLoss(logits, tensor(backend, [1, -100, 0], { dtype: 'i32' }), {
        mask: tensor(backend, [1, 1, 0], { dtype: 'u32' }),
        labelSmoothing: 0.1,
        weight,
        fused,
      });
      loss.backward();
      expect(await loss.item()).toBeGreaterThan(0);
      expect([...(await logits.grad!.data())].slice(2)).toEqual([0, 0, 0, 0]);
    }
  });

  it('cross-entropy takes a mask beside ignoreIndex, and weights', async () => {
    const logits = normal(4 * 3);
    const classes = [2, 0, -100, 1];
    const rows = (value: Float64Array): number[] =>
      classes.map((target, n) => {
        const row = [...value.subarray(3 * n, 3 * n + 3)];
        return target < 0 ? 0 : Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - row[target]!;
      });
    const weights = [0.5, 2, 3];
    const options = { mask: tensor(backend, [1, 0, 1, 1], { dtype: 'u32' }), weight: tensor(backend, weights) };
    const want = (3 * rows(logits)[0]! + 2 * rows(logits)[3]!) / (3 + 2);
    const loss = crossEntropyLoss(
      tensor(backend, logits, { shape: [4, 3] }),
      tensor(backend, classes, { dtype: 'i32' }),
      options,
    );
    expect(worst(await loss.data(), [want], tolerance)).toBeLessThanOrEqual(1);
  });

  it.each([{}, { labelSmoothing: 0.3 }, { weight: [0.5, 2, 3] }])(
    'cross-entropy of distributions leaves out what a mask does, with %j',
    async ({ labelSmoothing = 0, weight }: { labelSmoothing?: number; weight?: number[] }) => {
      const [N, C] = [4, 3];
      const kept = [1, 0, 1, 0];
      const logits = normal(N * C);
      const target = softmaxRows(normal(N * C), C);
      for (let n = 0; n < N; n++)
        if (kept[n] === 0)
          [logits, target].forEach((values) => values.fill(n === 1 ? NaN : Infinity, n * C, n * C + C));
      const loss = (n: number, shift = 0, at = -1): number => {
        const row = Array.from({ length: C }, (_, c) => logits[n * C + c]! + (n * C + c === at ? shift : 0));
        const logSum = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
        return row.reduce((sum, x, c) => {
          const t = (1 - labelSmoothing) * target[n * C + c]! + labelSmoothing / C;
          return sum + t * (weight?.[c] ?? 1) * (logSum - x);
        }, 0);
      };
      const x = tensor(backend, logits, { shape: [N, C], requiresGrad: true });
      const value = crossEntropyLoss(x, tensor(backend, target, { shape: [N, C] }), {
        labelSmoothing,
        weight: weight ? tensor(backend, weight) : null,
        mask: tensor(backend, kept, { dtype: 'u32' }),
      });
      value.backward();
      expect(worst(await value.data(), [(loss(0) + loss(2)) / 2], tolerance)).toBeLessThanOrEqual(1);
      const gradient = [...(await x.grad!.data())];
      // Central differences in float64: an error of about ε² = 1e-10.
      const difference = (i: number): number => {
        const n = Math.floor(i / C);
        return kept[n] === 0 ? 0 : (loss(n, 1e-5, i) - loss(n, -1e-5, i)) / 2e-5 / 2;
      };
      expect(gradient.map((got, i) => Math.abs(got - difference(i))).every((error) => error < 1e-5)).toBe(true);
      expect(gradient.slice(C, 2 * C)).toEqual([0, 0, 0]);
    },
  );

  it('binary cross-entropy neither overflows nor loses small terms', async () => {
    const logits = tensor(backend, [200, -200, 200, -200, 60], { requiresGrad: true });
    const target = tensor(backend, [0, 1, 1, 0, 1]);
    const losses = bceWithLogitsLoss(logits, target, { reduction: 'none' });
    expect([...(await losses.data())].slice(0, 4)).toEqual([200, 200, expect.closeTo(0, 30), expect.closeTo(0, 30)]);
    losses.backward(tensor(backend, [1, 1, 1, 1, 1]));
    expect([...(await logits.grad!.data())].every(Number.isFinite)).toBe(true);
  });

  it('Huber and smooth L1 pass the full slope at the joint', async () => {
    const x = tensor(backend, [0.5, -0.5], { requiresGrad: true });
    huberLoss(x, tensor(backend, [0, 0]), { delta: 0.5, reduction: 'sum' }).backward();
    expect([...(await x.grad!.data())]).toEqual([0.5, -0.5]);
  });

  it('KL divergence is 0 where the target is, however unlikely the prediction', async () => {
    const prediction = tensor(backend, [-Infinity, 0], { requiresGrad: true });
    const loss = klDivLoss(prediction, tensor(backend, [0, 1]), { reduction: 'sum' });
    expect(await loss.item()).toBe(0);
    loss.backward();
    expect([...(await prediction.grad!.data())]).toEqual([0, -1]);
  });

  it('batchMean under a mask is the mean over the distributions kept', async () => {
    const prediction = tensor(backend, [Math.log(0.5), Math.log(0.5), NaN, NaN], { shape: [2, 2] });
    const target = tensor(backend, [1, 0, 0.5, 0.5], { shape: [2, 2] });
    const mask = tensor(backend, [1, 0], { shape: [2, 1], dtype: 'u32' });
    expect(
      worst([await klDivLoss(prediction, target, { reduction: 'batchMean', mask }).item()], [Math.LN2], tolerance),
    ).toBeLessThanOrEqual(1);
  });

  it('a mean over nothing is NaN, a sum 0', async () => {
    const logits = tensor(backend, [1, 2], { shape: [1, 2] });
    const ignored = tensor(backend, [-100], { dtype: 'i32' });
    expect(await crossEntropyLoss(logits, ignored).item()).toBeNaN();
    expect(await crossEntropyLoss(logits, ignored, { reduction: 'sum' }).item()).toBe(0);
  });

  it('the classes do what the functions do, a call adding to the options', async () => {
    const x = tensor(backend, [0.5, -2], { shape: [1, 2] });
    const y = tensor(backend, [0.25, 0.75], { shape: [1, 2] });
    const mask = tensor(backend, [1, 0], { shape: [1, 2], dtype: 'u32' });
    const pairs: [Tensor, Tensor][] = [
      [new MSELoss({ reduction: 'sum' }).forward(x, y, { mask }), mseLoss(x, y, { reduction: 'sum', mask })],
      [new L1Loss().forward(x, y), l1Loss(x, y)],
      [new HuberLoss({ delta: 0.1 }).forward(x, y), huberLoss(x, y, { delta: 0.1 })],
      [new SmoothL1Loss({ beta: 3 }).forward(x, y), smoothL1Loss(x, y, { beta: 3 })],
      [new KLDivLoss({ reduction: 'batchMean' }).forward(x, y), klDivLoss(x, y, { reduction: 'batchMean' })],
      [new BCEWithLogitsLoss({ posWeight: 3 }).forward(x, y), bceWithLogitsLoss(x, y, { posWeight: 3 })],
      [
        new CrossEntropyLoss({ labelSmoothing: 0.2 }).forward(x, tensor(backend, [1], { dtype: 'i32' })),
        crossEntropyLoss(x, tensor(backend, [1], { dtype: 'i32' }), { labelSmoothing: 0.2 }),
      ],
    ];
    for (const [got, want] of pairs) expect(await got.item()).toBe(await want.item());
    expect(new Set(await Promise.all(pairs.map(([got]) => got.item()))).size).toBe(pairs.length);
  });

  it('refuses shapes and options that do not fit', () => {
    const x = tensor(backend, [1, 2]);
    expect(() => mseLoss(x, tensor(backend, [1]))).toThrow(
      /\[mseLoss\] expected a target of the prediction's shape \[2\], got \[1\]/,
    );
    expect(() => mseLoss(x, x, { reduction: 'average' as 'mean' })).toThrow(
      /\[mseLoss\] expected reduction to be one of mean, sum, none, got 'average'/,
    );
    expect(() => mseLoss(x, x, { mask: tensor(backend, [1, 1, 1, 1], { shape: [2, 2], dtype: 'u32' }) })).toThrow(
      /mask that broadcasts to shape \[2\], got \[2, 2\]/,
    );
    expect(() => huberLoss(x, x, { delta: 0 })).toThrow(/delta to be a finite number > 0/);
    expect(() => smoothL1Loss(x, x, { beta: -1 })).toThrow(/beta to be a finite number ≥ 0/);
    expect(() => bceWithLogitsLoss(x, x, { posWeight: -1 })).toThrow(/posWeight to be a finite number ≥ 0/);
    const logits = tensor(backend, [1, 2], { shape: [1, 2] });
    const target = tensor(backend, [1], { dtype: 'i32' });
    expect(() => crossEntropyLoss(logits, target, { weight: tensor(backend, [1]) })).toThrow(
      /weight of shape \[2\], one for each class, got \[1\]/,
    );
    expect(() => crossEntropyLoss(logits, target, { labelSmoothing: 2 })).toThrow(/labelSmoothing/);
  });
});

it('cross-entropy names the type of its targets before anything else', async () => {
  const backend = await backends[0]!.create();
  const logits = tensor(backend, [
    [1, 2],
    [3, 4],
  ]);
  expect(() => crossEntropyLoss(logits, tensor(backend, [0, 1]))).toThrow(
    /^\[crossEntropyLoss\] expected targets of dtype i32, class indices, got f32/,
  );
  expect(() => crossEntropyLoss(logits, tensor(backend, [0, 1, 2, 3]))).toThrow(/distributions of the logits' shape/);
  await backend.dispose();
});

it('tells labels that count from 1, and where a label is no class', async () => {
  const backend = await backends[1]!.create();
  const logits = tensor(backend, new Float32Array(12), { shape: [4, 3] });
  const labels = (values: number[]) => tensor(backend, values, { dtype: 'i32' });
  expect(() => crossEntropyLoss(logits, labels([1, 2, 3, 1]))).toThrow(
    /expected class indices in 0…2 or ignoreIndex -100, got 3 at position 2; the labels seem to count from 1: subtract 1/,
  );
  expect(() => crossEntropyLoss(logits, labels([0, 5, 1, 2]))).toThrow(/got 5 at position 1; .*3 classes/);
  expect(() => crossEntropyLoss(logits, labels([0, -1, 1, 2]))).toThrow(/got -1 at position 1/);
  expect(await crossEntropyLoss(logits, labels([0, -1, 1, 2]), { ignoreIndex: -1 }).item()).toBeCloseTo(Math.log(3), 5);
  const mask = tensor(backend, [1, 0, 1, 1], { dtype: 'u32' });
  expect(await crossEntropyLoss(logits, labels([0, 77, 1, 2]), { mask }).item()).toBeCloseTo(Math.log(3), 5);
  await backend.dispose();
});

it('every loss refuses arguments and options that untyped code may pass', async () => {
  const backend = await backends[0]!.create();
  const x = tensor(backend, [[1, 2]]);
  type Untyped = (...values: unknown[]) => unknown;
  const all = { mseLoss, l1Loss, huberLoss, smoothL1Loss, klDivLoss, bceWithLogitsLoss, crossEntropyLoss };
  const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error;
  for (const [name, loss] of Object.entries(all) as unknown as [string, Untyped][]) {
    for (const bad of [undefined, null, 5, [1, 2], 'x', Float32Array.of(1, 2)]) {
      expect(() => loss(bad, x), `${name} of ${String(bad)}`).toThrow(refused);
      expect(() => loss(x, bad), `${name} with target ${String(bad)}`).toThrow(refused);
    }
    for (const bad of [
      'sum',
      null,
      5,
      ['sum'],
      { reductoin: 'sum' },
      { reduction: 5 },
      { mask: [1] },
      { reduction: 'Sum' },
    ])
      expect(() => loss(x, x, bad), `${name} with ${JSON.stringify(bad)}`).toThrow(refused);
  }
  expect(() => mseLoss(x, x, { reductoin: 'sum' } as object)).toThrow(/did you mean reduction\?/);
  for (const Loss of [MSELoss, L1Loss, HuberLoss, SmoothL1Loss, KLDivLoss, BCEWithLogitsLoss, CrossEntropyLoss])
    for (const bad of ['sum', { reduction: 'avg' }, { mean: true }])
      expect(() => new (Loss as unknown as new (options: unknown) => unknown)(bad), Loss.name).toThrow(refused);
  await backend.dispose();
});
