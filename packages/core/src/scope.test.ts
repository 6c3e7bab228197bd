import { describe, expect, it } from 'vitest';
import { noGrad, withFused } from './context.ts';
import { tensor } from './create.ts';
import { affine } from './ops/affine.ts';
import { createScope, openScope, tidy } from './scope.ts';
import { createReferenceBackend } from './test-support/reference.ts';

describe('a scope', () => {
  it('disposes what was made inside and keeps what it is told to', async () => {
    const backend = createReferenceBackend();
    const make = async (): Promise<ReturnType<typeof affine>> => {
      using scope = openScope(backend);
      const x = tensor(backend, [1, 2]);
      await Promise.resolve();
      return scope.keep(affine(x, 2));
    };
    const y = await make();
    expect(backend.memory().buffers).toBe(1);
    expect([...(await y.data())]).toEqual([2, 4]);
  });

  it('hands a kept tensor to the scope around it', () => {
    const backend = createReferenceBackend();
    {
      using _outer = openScope(backend);
      const y = tidy(backend, () => affine(tensor(backend, [1]), 2));
      expect(y.disposed).toBe(false);
      expect(backend.memory().buffers).toBe(1);
    }
    expect(backend.memory().buffers).toBe(0);
  });

  it('can be entered by two flows in turn, neither adopting tensors of the other', () => {
    const backend = createReferenceBackend();
    const [a, b] = [openScope(backend), openScope(backend)];
    const x = a.run(() => tensor(backend, [1]));
    const y = b.run(() => tensor(backend, [2]));
    a.close();
    expect([x.disposed, y.disposed]).toEqual([true, false]);
    b.close();
    expect(backend.memory().buffers).toBe(0);
  });

  it('tells how to mend the use of a disposed tensor', () => {
    const backend = createReferenceBackend();
    const x = tensor(backend, [1, 2]);
    x.dispose();
    x.dispose();
    expect(() => affine(x, 2)).toThrow(/shape \[2\] was used after it was disposed; keep it with scope.keep/);
  });

  it('refuses a backend that was not awaited', () => {
    const promise = Promise.resolve(createReferenceBackend()) as never;
    for (const call of [
      () => openScope(promise),
      () => createScope(promise),
      () => tidy(promise, () => []),
      () => noGrad(promise, () => 1),
      () => withFused(promise, 'off', () => 1),
    ])
      expect(call).toThrow(/expected a backend, got a promise of one/);
  });

  it('can switch recording off across an await', async () => {
    const backend = createReferenceBackend();
    const x = tensor(backend, [1], { requiresGrad: true });
    using _scope = openScope(backend, { gradient: false });
    await Promise.resolve();
    expect(affine(x, 2).requiresGrad).toBe(false);
  });
});
