import { Generator, tensor, withFused, type Backend, type Tensor } from '@timestep/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backends, worst } from '../test-support/backends.ts';
import {
  Adagrad,
  Adam,
  AdamW,
  clipGradientNorm,
  clipGradientValue,
  RMSprop,
  SGD,
  type Optimizer,
  type Parameters,
} from '../index.ts';

type Vector = Float64Array;

/** One element's update, written out by hand: memory in, memory out. */
type Rule = (p: number, g: number, m: number[], step: number) => number;

const rate = 0.07;
const decay = 0.13;
const rules: [string, (parameters: Parameters) => Optimizer, number, Rule][] = [
  ['SGD', (p) => new SGD(p, { learningRate: rate, weightDecay: decay }), 0, (p, g) => p - rate * (g + decay * p)],
  [
    'SGD with momentum and dampening',
    (p) => new SGD(p, { learningRate: rate, momentum: 0.85, dampening: 0.2, weightDecay: decay }),
    1,
    (p, g, m, step) => {
      const d = g + decay * p;
      m[0] = step === 1 ? d : 0.85 * m[0]! + 0.8 * d;
      return p - rate * m[0];
    },
  ],
  [
    'SGD with Nesterov',
    (p) => new SGD(p, { learningRate: rate, momentum: 0.85, nesterov: true, weightDecay: decay }),
    1,
    (p, g, m, step) => {
      const d = g + decay * p;
      m[0] = step === 1 ? d : 0.85 * m[0]! + d;
      return p - rate * (d + 0.85 * m[0]);
    },
  ],
  [
    'RMSprop, centred, with momentum',
    (p) =>
      new RMSprop(p, {
        learningRate: rate,
        alpha: 0.9,
        epsilon: 1e-2,
        momentum: 0.6,
        centered: true,
        weightDecay: decay,
      }),
    3,
    (p, g, m) => {
      const d = g + decay * p;
      m[0] = 0.9 * m[0]! + 0.1 * d * d;
      m[1] = 0.9 * m[1]! + 0.1 * d;
      m[2] = 0.6 * m[2]! + d / (Math.sqrt(m[0] - m[1] ** 2) + 1e-2);
      return p - rate * m[2];
    },
  ],
  [
    'RMSprop',
    (p) => new RMSprop(p, { learningRate: rate, alpha: 0.9, epsilon: 1e-2 }),
    1,
    (p, g, m) => {
      m[0] = 0.9 * m[0]! + 0.1 * g * g;
      return p - (rate * g) / (Math.sqrt(m[0]) + 1e-2);
    },
  ],
  [
    'Adagrad',
    (p) => new Adagrad(p, { learningRate: rate, learningRateDecay: 0.3, epsilon: 1e-2, weightDecay: decay }),
    1,
    (p, g, m, step) => {
      const d = g + decay * p;
      m[0]! += d * d;
      return p - ((rate / (1 + (step - 1) * 0.3)) * d) / (Math.sqrt(m[0]!) + 1e-2);
    },
  ],
  ...([false, true] as const).map((decoupled): [string, (parameters: Parameters) => Optimizer, number, Rule] => [
    decoupled ? 'AdamW' : 'Adam',
    (p) =>
      new (decoupled ? AdamW : Adam)(p, {
        learningRate: rate,
        beta1: 0.7,
        beta2: 0.9,
        epsilon: 1e-2,
        weightDecay: decay,
      }),
    2,
    (p, g, m, step) => {
      const d = decoupled ? g : g + decay * p;
      m[0] = 0.7 * m[0]! + 0.3 * d;
      m[1] = 0.9 * m[1]! + 0.1 * d * d;
      const decayed = decoupled ? p * (1 - rate * decay) : p;
      return decayed - (rate * (m[0] / (1 - 0.7 ** step))) / (Math.sqrt(m[1] / (1 - 0.9 ** step)) + 1e-2);
    },
  ]),
];

describe.each(backends)('on $name', ({ create, ...tolerance }) => {
  let backend: Backend;
  beforeAll(async () => void (backend = await create()));
  afterAll(() => backend.dispose());

  const withGradient = (values: Vector, gradient: Vector): Tensor => {
    const parameter = tensor(backend, values, { requiresGrad: true });
    parameter.grad = tensor(backend, gradient);
    return parameter;
  };
  const random = (generator: Generator, length: number): Vector =>
    Float64Array.from({ length }, () => generator.normal(0, 1.5));

  describe.each(rules)('%s', (_name, make, memories, rule) => {
    it.each(['auto', 'off'] as const)('does what a plain loop does, fused %s', async (mode) => {
      const generator = new Generator(11);
      // 1,025: a size that no vector width divides.
      const want = random(generator, 1025);
      const memory = Array.from(want, () => new Array<number>(memories).fill(0));
      const parameter = tensor(backend, want, { requiresGrad: true });
      const optimizer = make([parameter]);
      for (let step = 1; step <= 12; step++) {
        const gradient = random(generator, want.length);
        // A gradient of exactly 0 divides 0 by ε.
        gradient[7] = 0;
        parameter.grad = tensor(backend, gradient);
        withFused(backend, mode, () => optimizer.step());
        optimizer.zeroGrad();
        for (let i = 0; i < want.length; i++) want[i] = rule(want[i]!, gradient[i]!, memory[i]!, step);
      }
      expect(worst(await parameter.data(), want, tolerance)).toBeLessThanOrEqual(1);
      optimizer.dispose();
      parameter.dispose();
    });

    it.each(['auto', 'off'] as const)(
      'leaves everything alone where the norm is not finite, fused %s',
      async (mode) => {
        const generator = new Generator(5);
        const parameter = withGradient(random(generator, 6), random(generator, 6));
        const optimizer = make([parameter]);
        withFused(backend, mode, () => optimizer.step());
        const snapshot = async () =>
          Promise.all([parameter, ...optimizer.state().tensors.values()].map((one) => one.data()));
        const before = await snapshot();
        parameter.grad!.assign([1, 2, NaN, 4, Infinity, 6]);
        const { norm, factor } = withFused(backend, mode, () => clipGradientNorm(optimizer.gradients, 1));
        withFused(backend, mode, () => optimizer.step(factor));
        expect(await snapshot()).toEqual(before);
        for (const made of [norm, factor, parameter, optimizer]) made.dispose();
      },
    );

    it('goes on after its state was carried over to another one', async () => {
      const generator = new Generator(3);
      const first = withGradient(random(generator, 4), random(generator, 4));
      const one = make([['w', first]]);
      one.step();
      const { json, tensors } = one.state();
      const read = new Map(
        await Promise.all(
          [...tensors].map(
            async ([name, memory]) => [name, { shape: memory.shape, data: await memory.data() }] as const,
          ),
        ),
      );
      const second = tensor(backend, await first.data(), { requiresGrad: true });
      const other = make([['w', second]]);
      other.restore(JSON.parse(JSON.stringify(json)) as typeof json, read);
      const gradient = random(generator, 4);
      first.grad!.assign(gradient);
      second.grad = tensor(backend, gradient);
      one.step();
      other.step();
      expect(await second.data()).toEqual(await first.data());
      expect(other.state().json).toEqual(one.state().json);
      for (const made of [one, other, first, second]) made.dispose();
    });
  });

  it('uses the learning rate that was set last', async () => {
    const parameter = withGradient(Float64Array.of(1, 2), Float64Array.of(1, 1));
    const optimizer = new SGD([parameter], { learningRate: 1 });
    optimizer.groups[0]!.learningRate = 0.25;
    optimizer.step();
    expect([...(await parameter.data())]).toEqual([0.75, 1.75]);
    parameter.dispose();
  });

  it('clips by norm through the factor, and by value in place', async () => {
    const a = withGradient(Float64Array.of(0), Float64Array.of(3));
    const b = withGradient(Float64Array.of(0), Float64Array.of(-4));
    const optimizer = new SGD([a, b], { learningRate: 1 });
    const { norm, factor } = clipGradientNorm(optimizer.gradients, 2.5);
    optimizer.step(factor);
    expect(
      worst([await norm.item(), await a.item(), await b.item()], [5, -1.5 / (1 + 2e-7), 2 / (1 + 2e-7)], tolerance),
    ).toBeLessThanOrEqual(1);
    clipGradientValue(optimizer.gradients, 3.5);
    expect([await a.grad!.item(), await b.grad!.item()]).toEqual([3, -3.5]);
    for (const made of [norm, factor, a, b]) made.dispose();
  });

  it('leaks nothing over 50 steps', () => {
    const parameter = withGradient(new Float64Array(3), new Float64Array(3).fill(1));
    const before = backend.memory().buffers;
    const list = rules.map(([, make]) => make([parameter]));
    for (let step = 0; step < 50; step++) for (const optimizer of list) optimizer.step();
    const memories = list.reduce((total, optimizer) => total + optimizer.state().tensors.size, 0);
    expect(backend.memory().buffers).toBe(before + memories);
    for (const optimizer of list) optimizer.dispose();
    expect(backend.memory().buffers).toBe(before);
    parameter.dispose();
  });

  it('lets no learning rate through that is not finite', async () => {
    using optimizer = new SGD([tensor(backend, [1, 2], { requiresGrad: true })], { learningRate: 0.5 });
    for (const bad of [NaN, Infinity, -Infinity, -1e-9, 1e39, '0.1' as unknown as number])
      expect(() => (optimizer.groups[0]!.learningRate = bad), String(bad)).toThrow(/\[SGD\] expected learningRate/);
    expect(optimizer.groups[0]!.learningRate).toBe(0.5);
    optimizer.parameters[0]!.parameter.grad = tensor(backend, [1, 1]);
    expect(() => optimizer.step(0.5 as unknown as Tensor)).toThrow(/factor to be a tensor/);
    optimizer.step();
    expect([...(await optimizer.parameters[0]!.parameter.data())]).toEqual([0.5, 1.5]);
    optimizer.parameters[0]!.parameter.dispose();
  });

  it('refuses what cannot be right', async () => {
    const p = tensor(backend, [1, 2], { requiresGrad: true });
    const q = tensor(backend, [1], { requiresGrad: true });
    const elsewhere = tensor(await create(), [1], { requiresGrad: true });
    expect(() => new Adam([])).toThrow(/\[Adam\] expected at least one parameter/);
    expect(() => new Adam([p, p])).toThrow(/parameter '1' is given twice/);
    expect(
      () =>
        new Adam([
          ['a', p],
          ['a', q],
        ]),
    ).toThrow(/parameter 'a' is given twice/);
    expect(() => new Adam([{ parameters: [p] }, { parameters: [p] }])).toThrow(/given twice/);
    expect(() => new Adam([p, elsewhere])).toThrow(expect.objectContaining({ code: 'BACKEND_MISMATCH' }) as Error);
    expect(() => new Adam([p], { beta1: 1 })).toThrow(
      /\[Adam\] expected beta1 to be a finite number ≥ 0 and < 1, got 1/,
    );
    expect(() => new SGD([p], { learningRate: -1 })).toThrow(/learningRate/);
    expect(() => new SGD([p], { learningRate: NaN })).toThrow(/learningRate/);
    expect(() => new SGD([p], { learningRate: 1, nesterov: true })).toThrow(/nesterov needs a momentum/);
    expect(() => new SGD([{ parameters: [p], momentum: -1 }], { learningRate: 1 })).toThrow(/momentum/);
    expect(() => new RMSprop([p], { alpha: 1.5 })).toThrow(/alpha/);
    expect(() => new Adagrad([p], { epsilon: -1 })).toThrow(/epsilon/);
    // What a caller without types can write: PyTorch's names.
    const foreign = { lr: 0.1 } as object;
    expect(() => new Adam([p], foreign)).toThrow(
      /\[Adam\] unknown option lr; did you mean learningRate\? expected \{ learningRate, maximize, beta1, beta2, epsilon, weightDecay, amsgrad \}/,
    );
    expect(() => new SGD([p], { learningRate: 1, ...foreign })).toThrow(/\[SGD\] unknown option lr/);
    expect(() => new RMSprop([p], foreign)).toThrow(/unknown option lr/);
    expect(() => new Adagrad([p], foreign)).toThrow(/unknown option lr/);
    expect(() => new AdamW([{ parameters: [p], ...foreign }])).toThrow(/\[AdamW\] unknown option lr/);
    expect(() => clipGradientValue([], 0)).toThrow(/limit/);
    const untyped = Adam as unknown as new (...values: unknown[]) => Adam;
    expect(() => new untyped({ namedParameters: () => [] })).toThrow(/pass model.namedParameters\(\), not the model/);
    for (const bad of [undefined, null, 5, 'ab', [5], [['a', 5]], [[5, p]], [{ parameters: [p] }, p]])
      expect(() => new untyped(bad), String(bad)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error,
      );
    expect(() => new untyped([p], { amsgrad: 'false' })).toThrow(/amsgrad to be true or false, got 'false'/);
    expect(() => new SGD([p], { learningRate: 1, dampening: NaN })).toThrow(/dampening/);
    const adam = new Adam([['p', p]]);
    expect(() => adam.restore({ kind: 'SGD', steps: [] }, new Map())).toThrow(
      expect.objectContaining({ code: 'CHECKPOINT_MISMATCH' }) as Error,
    );
    expect(() => adam.restore({ kind: 'Adam', steps: [['q', 1]] }, new Map())).toThrow(/parameter 'q'/);
    expect(() =>
      adam.restore(
        { kind: 'Adam', steps: [['p', 1]] },
        new Map([['firstMoment.p', { shape: [3], data: new Float32Array(3) }]]),
      ),
    ).toThrow(/firstMoment of 'p' with shape \[2\], got \[3\]/);
    for (const made of [p, q, elsewhere]) made.dispose();
  });
});
