import { describe, expect, it } from 'vitest';
import { arange, full, ones, tensor, zeros } from './create.ts';
import { sum } from './ops/reduce.ts';
import { square } from './ops/unary.ts';
import { openScope } from './scope.ts';
import { createReferenceBackend } from './test-support/reference.ts';

const backend = createReferenceBackend();

describe('making tensors', () => {
  it('infers shapes from nesting and element types from typed arrays', async () => {
    const x = tensor(backend, [
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect([x.shape, x.dtype, x.size, x.rank]).toEqual([[2, 3], 'f32', 6, 2]);
    expect(await x.array()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(tensor(backend, new Int32Array(2)).dtype).toBe('i32');
    expect(tensor(backend, Uint32Array.of(7)).dtype).toBe('u32');
    expect(await tensor(backend, 3.5).item()).toBe(3.5);
    expect(tensor(backend, [], { shape: [0, 4] }).shape).toEqual([0, 4]);
    expect([...(await arange(backend, 1, 8, 3).data())]).toEqual([1, 4, 7]);
    expect(await full(backend, [2], 5).array()).toEqual([5, 5]);
    expect(await ones(backend, [1, 2], { dtype: 'u32' }).array()).toEqual([[1, 1]]);
  });

  it('says what is wrong with the contents', () => {
    expect(() => tensor(backend, [[1, 2], [3]])).toThrow(
      '[tensor] ragged nesting: expected 2 entries at depth 1 for shape [2, 2], found 1',
    );
    expect(() => tensor(backend, [1, 2, 3], { shape: [2, 2] })).toThrow(
      '[tensor] shape [2, 2] holds 4 elements, got 3',
    );
    expect(() => tensor(backend, new Float32Array(2), { shape: [-1, -2] })).toThrow(
      '[tensor] expected a shape, an array of whole numbers of at least 0, got [-1, -2]',
    );
    expect(() => arange(backend, 0, 1, 0)).toThrow('[arange] expected a finite range and a step other than 0');
    expect(() => tensor(backend, [1], { dtype: 'i32', requiresGrad: true })).toThrow(
      '[tensor] only f32 tensors have gradients, this one is i32',
    );
  });
});

describe('reading and overwriting', () => {
  it('takes values or another tensor, of the same size and type', async () => {
    const x = zeros(backend, [2, 2]);
    x.assign([1, 2, 3, 4]);
    expect(await zeros(backend, [4]).assign(x).array()).toEqual([1, 2, 3, 4]);
    expect(() => x.assign([1])).toThrow('[assign] expected 4 elements for shape [2, 2], got 1');
    expect(() => x.assign(zeros(backend, [4], { dtype: 'i32' }))).toThrow('[assign] expected f32, got i32');
    expect(() => square(tensor(backend, [1], { requiresGrad: true })).assign([2])).toThrow(
      '[assign] only leaves can be overwritten',
    );
    await expect(x.item()).rejects.toThrow('[item] expected a tensor of one element, got shape [2, 2]; use data()');
  });

  it('tells of a use after the end', async () => {
    const x = ones(backend, [2, 3]);
    x.dispose();
    x.dispose();
    expect(() => square(x)).toThrow('[tensor] a tensor of shape [2, 3] was used after it was disposed');
    await expect(x.data()).rejects.toMatchObject({ code: 'DISPOSED' });
  });
});

describe('to another backend', () => {
  it('copies values, element type and the wish for a gradient, and leaves the original alone', async () => {
    const other = createReferenceBackend();
    const x = tensor(backend, [[1, 2]], { requiresGrad: true });
    const moved = await x.to(other);
    expect([moved.backend, moved.shape, moved.requiresGrad]).toEqual([other, [1, 2], true]);
    sum(square(moved)).backward();
    expect(await moved.grad!.array()).toEqual([[2, 4]]);
    expect(x.grad).toBeNull();
    expect(await x.array()).toEqual([[1, 2]]);
    expect((await square(x).to(other)).requiresGrad).toBe(false);
    expect(await (await tensor(backend, [3], { dtype: 'i32' }).to(other)).data()).toEqual(Int32Array.of(3));
  });

  it('belongs to the scope that is open there', async () => {
    const other = createReferenceBackend();
    const scope = openScope(other);
    const moved = await ones(backend, [2]).to(other);
    scope.close();
    expect(moved.disposed).toBe(true);
    expect(other.memory().buffers).toBe(0);
  });
});
