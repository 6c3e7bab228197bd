import {
  add,
  concat,
  Generator,
  multiply,
  openScope,
  slice,
  sum,
  tensor,
  type Backend,
  type Tensor,
} from '@timestep/core';
import { Cell, GRU, LSTM, Recurrent, type LSTMState } from '@timestep/layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recomputeFinalState, recomputeSequence } from '../index.ts';
import { backends, worst } from '../test-support/backends.ts';

/** The same segments without recomputation: they draw one mask each. */
function inSegments(
  layer: LSTM,
  x: Tensor,
  start: LSTMState,
  lengths: readonly number[],
  segment: number,
): { output: Tensor; state: LSTMState } {
  const outputs: Tensor[] = [];
  let state = start;
  for (let from = 0; from < T; from += segment) {
    const to = Math.min(T, from + segment);
    const result = layer.forward(slice(x, 0, from, to), {
      state,
      lengths: lengths.map((length) => Math.min(Math.max(0, length - from), to - from)),
    });
    outputs.push(result.output);
    ({ state } = result);
  }
  return { output: concat(outputs), state };
}

const [T, N, D, H] = [23, 3, 2, 4];

describe.each(backends)('recomputation on $name', ({ create, ...tolerance }) => {
  let backend: Backend;
  beforeAll(async () => void (backend = await create()));
  afterAll(() => backend.dispose());

  const random = (shape: readonly number[], seed: number, requiresGrad = false): Tensor => {
    const generator = new Generator(seed);
    return tensor(
      backend,
      Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => generator.normal()),
      { shape, requiresGrad },
    );
  };

  it.each([
    { requiresGrad: true, lengths: null, segment: 5, dropout: 0 },
    { requiresGrad: false, lengths: [23, 0, 9], segment: 4, dropout: 0 },
    { requiresGrad: true, lengths: [5, 23, 10], segment: 6, dropout: 0.3 },
    { requiresGrad: true, lengths: null, segment: 30, dropout: 0 },
  ])('gives outputs and gradients of the whole: %o', async ({ requiresGrad, lengths, segment, dropout }) => {
    const before = backend.memory().buffers;
    const results: number[][] = [];
    for (const recomputed of [false, true]) {
      const layer = new LSTM({
        backend,
        inputSize: D,
        hiddenSize: H,
        numLayers: 2,
        dropout,
        generator: new Generator(2),
      });
      const x = random([T, N, D], 1, requiresGrad);
      const start = { h: random([2, N, H], 3, true), c: random([2, N, H], 4, true) };
      const values: number[] = [];
      {
        using _scope = openScope(backend);
        const whole = (): ReturnType<LSTM['forward']> =>
          dropout === 0 ? layer.forward(x, { state: start, lengths }) : inSegments(layer, x, start, lengths!, segment);
        const { output, state } = recomputed
          ? recomputeSequence(layer, x, { segment, state: start, lengths })
          : whole();
        values.push(...(await output.data()), ...(await state.c.data()));
        add(
          sum(multiply(output, random(output.shape, 7))),
          sum(multiply(state.c, random(state.c.shape, 8))),
        ).backward();
      }
      const leaves = [...layer.parameters(), start.h, start.c, ...(requiresGrad ? [x] : [])];
      const gradients = await Promise.all(leaves.map(({ grad }) => grad!.data()));
      results.push([...values, ...gradients.flatMap((data) => [...data])]);
      for (const one of [layer, x, start.h, start.c]) one.dispose();
    }
    expect(worst(results[1]!, results[0]!, tolerance)).toBeLessThanOrEqual(1);
    expect(backend.memory().buffers).toBe(before);
  });

  it('takes a fraction of the memory, where the loss is on the last step', async () => {
    const layer = new GRU({ backend, inputSize: D, hiddenSize: 16, generator: new Generator(2) });
    const x = random([900, 2, D], 1);
    const weight = random([1, 2, 16], 5);
    const gradients: number[][] = [];
    const peaks: number[] = [];
    for (const recomputed of [true, false]) {
      const before = backend.memory();
      {
        using _scope = openScope(backend);
        const { h } = recomputed ? recomputeFinalState(layer, x) : layer.forward(x).state;
        sum(multiply(h, weight)).backward();
      }
      peaks.push(backend.memory().peakBytes - before.bytes);
      gradients.push([...(await layer.parameters()[1]!.grad!.data())]);
      layer.zeroGrad();
    }
    expect(worst(gradients[0]!, gradients[1]!, tolerance)).toBeLessThanOrEqual(1);
    expect(peaks[0]).toBeLessThan(peaks[1]! / 5);
    for (const one of [layer, x, weight]) one.dispose();
  });

  it('keeps a part of the state that is called output', async () => {
    class Counter extends Cell<{ output: Tensor }> {
      readonly inputSize = D;
      readonly outputSize = D;
      readonly stateShapes = { output: [D] };

      step(x: Tensor, { output }: { output: Tensor }) {
        return { output: multiply(x, x), state: { output: add(output, x) } };
      }
    }
    using _scope = openScope(backend);
    const layer = new Recurrent({ cell: () => new Counter(), inputSize: D });
    const x = random([T, N, D], 5);
    const [whole, cut] = [layer.forward(x), recomputeSequence(layer, x, { segment: 4 })];
    expect(await cut.output.array()).toEqual(await whole.output.array());
    expect(await cut.state.output.array()).toEqual(await whole.state.output.array());
    layer.dispose();
  });

  it('checks the lengths of the whole, not those of a segment', () => {
    using _scope = openScope(backend);
    const layer = new GRU({ backend, inputSize: D, hiddenSize: H });
    const x = random([T, N, D], 5);
    for (const lengths of [
      [T + 1, 1, 1],
      [-1, 1, 1],
      [1.5, 1, 1],
      [1, 1],
    ]) {
      expect(() => recomputeSequence(layer, x, { lengths, segment: 4 })).toThrow(
        expect.objectContaining({ code: 'INVALID_LENGTHS' }) as Error,
      );
    }
    expect(() => recomputeFinalState(layer, x, { length: [1, 2, 3] } as object)).toThrow(
      /unknown option length; did you mean lengths\?/,
    );
    layer.dispose();
  });

  it('refuses what cannot be cut', () => {
    const layer = new GRU({ backend, inputSize: D, hiddenSize: 2, bidirectional: true });
    const one = new GRU({ backend, inputSize: D, hiddenSize: 2 });
    const x = random([4, 1, D], 1);
    expect(() => recomputeSequence(layer, x)).toThrow(/bidirectional/);
    expect(() => recomputeSequence(one, x, { segment: 0 })).toThrow(/segment/);
    for (const made of [layer, one, x]) made.dispose();
  });
});
