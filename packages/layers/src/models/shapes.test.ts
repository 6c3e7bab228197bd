import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, slice, square, unstack, zeros, type Tensor } from '@timestep/core';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { GRU } from '../recurrent/gru.ts';
import { Jordan } from '../recurrent/jordan.ts';
import { LSTM } from '../recurrent/lstm.ts';
import { checkGradients, randomLeaf } from '../test-support/gradients.ts';
import { leakChecked } from '../test-support/leaks.ts';
import { ManyToMany } from './many-to-many.ts';
import { ManyToOne } from './many-to-one.ts';
import { OneToMany } from './one-to-many.ts';
import { OneToOne } from './one-to-one.ts';

const backend = createReferenceBackend();
const generator = new Generator(41);

async function close(got: Tensor, expected: Tensor): Promise<void> {
  expect(got.shape).toEqual(expected.shape);
  const values = await expected.data();
  (await got.data()).forEach((value, k) => expect(value).toBeCloseTo(values[k]!, 12));
}

it('one to one: gradients by finite differences', () =>
  leakChecked(backend, async () => {
    using model = new OneToOne({ backend, inputSize: 3, hiddenSize: 4, outputSize: 2, generator, activation: square });
    const x = randomLeaf(backend, [2, 3], generator);
    await checkGradients({ x, ...Object.fromEntries(model.namedParameters()) }, () => [model.forward(x)], 6);
  }));

describe('one to many', () => {
  const make = (): OneToMany<{ readonly h: Tensor; readonly c: Tensor }> =>
    new OneToMany({
      backend,
      inputSize: 3,
      outputSize: 2,
      layer: new LSTM({ backend, inputSize: 2, hiddenSize: 4, numLayers: 2, generator }),
      generator,
    });

  it('given its own outputs as targets writes the same again', () =>
    leakChecked(backend, async () => {
      using model = make();
      const x = randomLeaf(backend, [2, 3], generator);
      const written = model.forward(x, { steps: 5 });
      expect(written.shape).toEqual([5, 2, 2]);
      await close(model.forward(x, { targets: written }), written);
    }));

  it('has the gradients of finite differences both ways, through its own outputs too', () =>
    leakChecked(backend, async () => {
      using model = make();
      const x = randomLeaf(backend, [2, 3], generator);
      const targets = randomLeaf(backend, [3, 2, 2], generator).detach();
      await checkGradients(
        { x, ...Object.fromEntries(model.namedParameters()) },
        () => [model.forward(x, { targets }), model.forward(x, { steps: 3 })],
        3,
      );
    }));

  it('refuses a layer that does not fit', () => {
    expect(
      () =>
        new OneToMany({
          backend,
          inputSize: 3,
          outputSize: 2,
          layer: new GRU({ backend, inputSize: 3, hiddenSize: 4 }),
        }),
    ).toThrow('[OneToMany] expected a layer of inputSize 2, which reads its outputs, got 3');
    expect(
      () =>
        new OneToMany({
          backend,
          inputSize: 3,
          outputSize: 2,
          layer: new GRU({ backend, inputSize: 2, hiddenSize: 4, bidirectional: true }),
        }),
    ).toThrow('[OneToMany] a bidirectional layer cannot write a sequence');
    expect(() => make().forward(zeros(backend, [2, 3]), { targets: zeros(backend, [4, 3, 2]) })).toThrow(
      '[OneToMany] expected targets of shape [T, 2, 2], got [4, 3, 2]',
    );
  });
});

describe.each(['last', 'mean', 'max'] as const)('many to one by the %s', (pool) => {
  it.each([false, true])('gives a sequence in a batch what it gives alone (bidirectional: %s)', (bidirectional) =>
    leakChecked(backend, async () => {
      using model = new ManyToOne({
        backend,
        layer: new GRU({ backend, inputSize: 2, hiddenSize: 3, numLayers: 2, bidirectional, generator }),
        outputSize: 2,
        pool,
        generator,
      });
      const x = randomLeaf(backend, [5, 3, 2], generator);
      const lengths = [3, 5, 0];
      const together = model.forward(x, { lengths });
      expect(together.shape).toEqual([3, 2]);
      for (const [n, length] of lengths.entries())
        await close(model.forward(slice(slice(x, 1, n, n + 1), 0, 0, length)), slice(together, 0, n, n + 1));
      await checkGradients(
        { x, ...Object.fromEntries(model.namedParameters()) },
        () => [model.forward(x, { lengths })],
        3,
      );
    }),
  );
});

it('many to many in step: the sequence is the stream, with any layer', () =>
  leakChecked(backend, async () => {
    using model = new ManyToMany({
      backend,
      layer: new Jordan({ backend, inputSize: 2, hiddenSize: 4, outputSize: 3, generator }),
      outputSize: 2,
      generator,
    });
    const x = randomLeaf(backend, [4, 2, 2], generator);
    const { output, state } = model.forward(x);
    expectTypeOf(state).toEqualTypeOf<{ readonly context: Tensor }>();
    const expected = unstack(output);
    let carried = null as typeof state | null;
    for (const [t, input] of unstack(x).entries()) {
      const step = model.step(input, carried);
      carried = step.state;
      await close(step.output, expected[t]!);
    }
    await checkGradients(
      { x, ...Object.fromEntries(model.namedParameters()) },
      () => [model.forward(x, { lengths: [4, 1] }).output],
      4,
    );
  }));
