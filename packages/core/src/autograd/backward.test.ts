import { describe, expect, it } from 'vitest';
import { noGrad } from '../context.ts';
import { tensor } from '../create.ts';
import { add, multiply } from '../ops/binary.ts';
import { sum } from '../ops/reduce.ts';
import { affine } from '../ops/affine.ts';
import { exp, square } from '../ops/unary.ts';
import { openScope } from '../scope.ts';
import { createReferenceBackend } from '../test-support/reference.ts';

describe('backward', () => {
  it('adds up over calls and over every use of a leaf', async () => {
    const backend = createReferenceBackend();
    const x = tensor(backend, [1, 2, 3], { requiresGrad: true });
    sum(square(x)).backward();
    sum(multiply(x, x)).backward();
    expect([...(await x.grad!.data())]).toEqual([4, 8, 12]);
  });

  it('frees the graph: only the leaf, its gradient and the result are left', () => {
    const backend = createReferenceBackend();
    const x = tensor(backend, [1, 2, 3], { requiresGrad: true });
    const loss = sum(exp(affine(square(x), 0.1)));
    loss.backward();
    expect(backend.memory().buffers).toBe(3);
    loss.dispose();
    x.dispose();
    expect(backend.memory().buffers).toBe(0);
  });

  it('leaves what an open scope owns until the scope closes', async () => {
    const backend = createReferenceBackend();
    const x = tensor(backend, [1, 2], { requiresGrad: true });
    {
      using _scope = openScope(backend);
      const y = square(x);
      sum(y).backward();
      expect([...(await y.data())]).toEqual([1, 4]);
    }
    expect(backend.memory().buffers).toBe(2);
  });

  it('survives the disposal of every intermediate tensor before it runs', async () => {
    const backend = createReferenceBackend();
    const x = tensor(backend, [1, 2], { requiresGrad: true });
    const y = square(x);
    const z = exp(y);
    const loss = sum(z);
    y.dispose();
    z.dispose();
    loss.backward();
    expect((await x.grad!.data())[1]).toBeCloseTo(4 * Math.exp(4), 8);
  });

  it('frees a graph that no backward pass ever visits', () => {
    const backend = createReferenceBackend();
    const x = tensor(backend, [1, 2], { requiresGrad: true });
    {
      using _scope = openScope(backend);
      sum(exp(square(x)));
    }
    expect(backend.memory().buffers).toBe(1);
  });

  it('walks a chain of 100,000 operations without recursion', () => {
    const backend = createReferenceBackend();
    const x = tensor(backend, 1, { requiresGrad: true });
    let y = affine(x, 1, 1e-6);
    for (let k = 1; k < 100_000; k++) {
      const next = affine(y, 1, 1e-6);
      y.dispose();
      y = next;
    }
    y.backward();
    y.dispose();
    expect(backend.memory().buffers).toBe(2);
  });

  it('runs twice where the graph is retained, and says so where it is not', async () => {
    const backend = createReferenceBackend();
    const x = tensor(backend, [3], { requiresGrad: true });
    const loss = sum(square(x));
    loss.backward(undefined, { retainGraph: true });
    loss.backward();
    expect([...(await x.grad!.data())]).toEqual([12]);
    expect(() => loss.backward()).toThrow(/already freed/);
  });

  it('keeps two independent graphs apart', async () => {
    const backend = createReferenceBackend();
    const [x, y] = [tensor(backend, [2], { requiresGrad: true }), tensor(backend, [5], { requiresGrad: true })];
    const [a, b] = [sum(square(x)), sum(square(y))];
    a.backward();
    b.backward();
    expect([await x.grad!.item(), await y.grad!.item()]).toEqual([4, 10]);
  });

  it('never lets a later backward write into a gradient that is shared', async () => {
    const backend = createReferenceBackend();
    const [x, y] = [tensor(backend, [2], { requiresGrad: true }), tensor(backend, [5], { requiresGrad: true })];
    sum(add(x, y)).backward();
    sum(square(x)).backward();
    expect([await x.grad!.item(), await y.grad!.item()]).toEqual([5, 1]);
  });

  it('notices a tensor that was overwritten after the forward pass', () => {
    const backend = createReferenceBackend();
    const x = tensor(backend, [3], { requiresGrad: true });
    const loss = sum(square(x));
    x.assign([4]);
    expect(() => loss.backward()).toThrow(/'square' needs for its gradient was overwritten/);
  });

  it('says why there is nothing to differentiate', () => {
    const backend = createReferenceBackend();
    const x = tensor(backend, [3], { requiresGrad: true });
    expect(() => x.backward()).toThrow(/is a leaf/);
    expect(() => noGrad(backend, () => square(x)).backward()).toThrow(/requires a gradient/);
    expect(() => square(tensor(backend, [1, 2], { requiresGrad: true })).backward()).toThrow(
      /needs a gradient; reduce it/,
    );
  });
});
