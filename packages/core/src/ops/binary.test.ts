import { describe, expect, it } from 'vitest';
import { tensor } from '../create.ts';
import { checkGradient } from '../test-support/gradients.ts';
import { createReferenceBackend } from '../test-support/reference.ts';
import * as ops from './binary.ts';
import { greater } from './compare.ts';

const positive = Float64Array.from([0.4, 1.3, 2.2, 0.9, 1.7, 0.6]);

describe('gradients of the operations of two arguments', () => {
  const shapes = [
    [
      [2, 3],
      [2, 3],
    ],
    [[2, 3], [3]],
    [
      [2, 1],
      [1, 3],
    ],
    [[], [2, 2]],
    [
      [2, 3, 2],
      [3, 1],
    ],
  ] as const;
  for (const [a, b] of shapes) {
    it.each(['add', 'subtract', 'multiply', 'divide', 'maximum', 'minimum'] as const)(
      `%s over [${a.join()}] and [${b.join()}]`,
      async (name) => {
        await checkGradient([{ shape: a }, { shape: b }], ([x, y]) => ops[name](x!, y!), { tolerance: 1e-5 });
      },
    );
  }
  it('power', () =>
    checkGradient([{ shape: [6], values: positive }, { shape: [6] }], ([x, y]) => ops.power(x!, y!), {
      tolerance: 1e-6,
    }));
  it.each(['add', 'subtract', 'multiply', 'divide'] as const)('%s with a number', (name) =>
    checkGradient([{ shape: [3] }], ([x]) => ops[name](x!, 1.7)),
  );
  it('an input used twice gets both gradients', () =>
    checkGradient([{ shape: [3] }], ([x]) => ops.multiply(ops.add(x!, x!), x!)));
  it('select with a broadcast condition', () =>
    checkGradient([{ shape: [2, 3] }, { shape: [3] }], ([x, y]) =>
      ops.select(greater(x!.detach(), tensor(x!.backend, 0)), x!, y!),
    ));
});

describe('select', () => {
  it('never lets a NaN of the side not chosen through, forward or backward', async () => {
    const backend = createReferenceBackend();
    const x = tensor(backend, [1, NaN], { requiresGrad: true });
    const y = ops.select(tensor(backend, [1, 0], { dtype: 'u32' }), x, tensor(backend, [7, 7]));
    expect([...(await y.data())]).toEqual([1, 7]);
    y.backward(tensor(backend, [2, 3]));
    expect([...(await x.grad!.data())]).toEqual([2, 0]);
  });
});

describe('ties', () => {
  it('share the gradient of a maximum', async () => {
    const backend = createReferenceBackend();
    const [x, y] = [tensor(backend, [1, 2], { requiresGrad: true }), tensor(backend, [1, 1], { requiresGrad: true })];
    ops.maximum(x, y).backward(tensor(backend, [4, 4]));
    expect([...(await x.grad!.data())]).toEqual([2, 4]);
    expect([...(await y.grad!.data())]).toEqual([2, 0]);
  });
});

describe('errors', () => {
  const backend = createReferenceBackend();
  it('names the axis that does not broadcast', () => {
    expect(() => ops.add(tensor(backend, [1, 2]), tensor(backend, [1, 2, 3]))).toThrow(
      /\[add\] shapes \[2\] and \[3\] do not broadcast: axis -1 is 2 and 3/,
    );
  });
  it('refuses two dtypes and two backends', () => {
    expect(() => ops.add(tensor(backend, [1]), tensor(backend, [1], { dtype: 'i32' }))).toThrow(/one dtype/);
    expect(() => ops.add(tensor(backend, [1]), tensor(createReferenceBackend(), [1]))).toThrow(/two backends/);
  });
});
