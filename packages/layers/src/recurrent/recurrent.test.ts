import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import {
  add,
  affine,
  concat,
  expand,
  Generator,
  linear,
  multiply,
  ones,
  openScope,
  orthogonal,
  reshape,
  slice,
  sum,
  type Tensor,
  uniform,
  unstack,
  zeros,
} from '@timestep/core';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { LayerNorm } from '../layer-norm.ts';
import { Parameter } from '../parameter.ts';
import { checkGradients, randomLeaf } from '../test-support/gradients.ts';
import { leakChecked } from '../test-support/leaks.ts';
import { Cell } from './cell.ts';
import { GRU } from './gru.ts';
import { GRUCell } from './gru-cell.ts';
import { LSTM } from './lstm.ts';
import { LSTMCell } from './lstm-cell.ts';
import { Recurrent } from './recurrent.ts';
import { RNN } from './rnn.ts';
import { RNNCell } from './rnn-cell.ts';

const backend = createReferenceBackend();
const generator = new Generator(21);

/** A cell that a user might write: leaky integrators, with a learned start and a norm of its own. */
class LeakyCell extends Cell<{ level: Tensor }> {
  readonly inputSize: number;
  readonly outputSize = 3;
  readonly stateShapes = { level: [3] };
  readonly norm = new LayerNorm({ backend, size: 3 });
  decay = new Parameter(backend, [3], [0.5, 0.7, 0.9]);
  weight_in: Parameter;

  constructor(inputSize: number) {
    super();
    this.inputSize = inputSize;
    this.weight_in = new Parameter(backend, [3, inputSize], uniform(-1, 1)([3, inputSize], generator));
  }

  override initialState(batch: number): { level: Tensor } {
    return { level: expand(this.decay, [batch, 3]) };
  }

  step(x: Tensor, { level }: { level: Tensor }) {
    const next = add(multiply(level, this.decay), linear(x, this.weight_in));
    return { output: this.norm.forward(next), state: { level: next } };
  }
}

describe.each(['require', 'off'] as const)('gradients by finite differences with fused: %s', (fused) => {
  const shared = { backend, inputSize: 2, hiddenSize: 3, generator, fused };
  it.each([
    ['RNN', () => new RNN({ ...shared, numLayers: 2, bidirectional: true, residual: true })],
    ['GRU with the reset before', () => new GRU({ ...shared, reset: 'before', bidirectional: true })],
    [
      'LSTM with peepholes and a projection',
      () => new LSTM({ ...shared, peepholes: true, projectionSize: 2, numLayers: 2 }),
    ],
    ['LSTM with coupled gates and no biases', () => new LSTM({ ...shared, coupledGates: true, bias: false })],
  ] as const)('%s', (_, make) =>
    leakChecked(backend, async () => {
      using layer = make() as Recurrent<Record<string, Tensor>>;
      const x = randomLeaf(backend, [4, 3, 2], generator);
      const shapes = layer.cells[0]!.stateShapes;
      const state = Object.fromEntries(
        Object.entries(shapes).map(([name, shape]) => [
          name,
          randomLeaf(backend, [layer.cells.length, 3, ...shape], generator),
        ]),
      );
      await checkGradients(
        { x, ...state, ...Object.fromEntries(layer.namedParameters()) },
        () => {
          const result = layer.forward(x, { state, lengths: [4, 0, 2] });
          return [result.output, ...Object.values(result.state)];
        },
        6,
      );
    }),
  );
});

describe("a user's cell", () => {
  const make = (): Recurrent<{ level: Tensor }> =>
    new Recurrent({
      cell: (inputSize) => new LeakyCell(inputSize),
      inputSize: 2,
      numLayers: 2,
      bidirectional: true,
      residual: true,
    });

  it('is stacked, bidirectional, residual and length-aware, with parameters named by place', () =>
    leakChecked(backend, async () => {
      using network = make();
      const places = ['l0', 'l0_reverse', 'l1', 'l1_reverse'];
      expect(network.namedParameters().map(([name]) => name)).toEqual([
        ...places.flatMap((place) => [`decay_${place}`, `weight_in_${place}`]),
        ...places.flatMap((place) => [`norm_${place}.weight`, `norm_${place}.bias`]),
      ]);
      expect(await network['weight_in_l1']!.data()).toHaveLength(18);
      const x = randomLeaf(backend, [4, 2, 2], generator);
      const { output, state } = network.forward(x, { lengths: [3, 4] });
      expect(output.shape).toEqual([4, 2, 6]);
      expect(state.level.shape).toEqual([4, 2, 3]);
      expectTypeOf(state).toEqualTypeOf<{ level: Tensor }>();
      await checkGradients(
        { x, ...Object.fromEntries(network.namedParameters()) },
        () => [network.forward(x, { lengths: [3, 4] }).output],
        4,
      );
    }));

  it('that is the built-in one gives the built-in layer', () =>
    leakChecked(backend, async () => {
      using layer = new GRU({ backend, inputSize: 2, hiddenSize: 3, numLayers: 2, generator });
      using same = new Recurrent({
        cell: (inputSize) => new GRUCell({ backend, inputSize, hiddenSize: 3 }),
        inputSize: 2,
        numLayers: 2,
      });
      same.loadStateDict(await layer.stateDict());
      const x = randomLeaf(backend, [5, 2, 2], generator);
      expect(await same.forward(x).output.data()).toEqual(await layer.forward(x).output.data());
    }));

  it('moves to another backend, cells and all', async () => {
    const other = createReferenceBackend();
    const network = make();
    await network.to(other);
    expect(network.forward(ones(other, [2, 1, 2])).output.backend).toBe(other);
    await other.dispose();
  });
});

describe('cells', () => {
  it.each([
    ['RNN', () => new RNN({ backend, inputSize: 2, hiddenSize: 3, activation: 'relu', generator }), RNNCell],
    ['GRU', () => new GRU({ backend, inputSize: 2, hiddenSize: 3, reset: 'before', generator }), GRUCell],
    [
      'LSTM',
      () => new LSTM({ backend, inputSize: 2, hiddenSize: 3, projectionSize: 2, peepholes: true, generator }),
      LSTMCell,
    ],
  ] as const)('%s: step by step is the same as the sequence', (_, make, cellClass) =>
    leakChecked(backend, async () => {
      using layer = make() as Recurrent<Record<string, Tensor>>;
      const [cell] = layer.cells;
      expect(cell).toBeInstanceOf(cellClass);
      const x = randomLeaf(backend, [4, 2, 2], generator);
      const whole = layer.forward(x);
      const byCell: Tensor[] = [];
      const byStream: Tensor[] = [];
      let state: Record<string, Tensor> | null = null;
      let streamed: Record<string, Tensor> | null = null;
      for (const input of unstack(x)) {
        const step = cell!.forward(input, state);
        const streaming = layer.step(input, streamed);
        byCell.push(reshape(step.output, [1, ...step.output.shape]));
        byStream.push(reshape(streaming.output, [1, ...streaming.output.shape]));
        ({ state } = step);
        streamed = streaming.state;
      }
      const expected = await whole.output.data();
      for (const parts of [byCell, byStream])
        (await concat(parts).data()).forEach((value, k) => expect(value).toBeCloseTo(expected[k]!, 12));
      for (const [name, part] of Object.entries(whole.state)) {
        const last = await state![name]!.data();
        (await part.data()).forEach((value, k) => expect(last[k]).toBeCloseTo(value, 12));
      }
    }),
  );
});

describe('dropout', () => {
  const options = { backend, inputSize: 2, hiddenSize: 8, numLayers: 2 };

  it('between layers acts in training only, and not on the last output', () =>
    leakChecked(backend, async () => {
      using layer = new GRU({ ...options, dropout: 0.5, generator: new Generator(3) });
      const x = randomLeaf(backend, [3, 2, 2], generator);
      const first = await layer.forward(x).output.data();
      expect(first).not.toEqual(await layer.forward(x).output.data());
      expect(first.every((value) => value !== 0)).toBe(true);
      layer.eval();
      expect(await layer.forward(x).output.data()).toEqual(await layer.forward(x).output.data());
    }));

  it('locked, uses one mask for all steps', () =>
    leakChecked(backend, async () => {
      // The second layer copies its input: what is 0 there was dropped.
      class Copy extends Cell<{ n: Tensor }> {
        readonly inputSize = 6;
        readonly outputSize = 6;
        readonly stateShapes = { n: [1] };
        step(x: Tensor, state: { n: Tensor }) {
          return { output: affine(x, 1), state };
        }
      }
      const make = (lockedDropout: boolean): Recurrent<{ n: Tensor }> =>
        new Recurrent({
          cell: () => new Copy(),
          inputSize: 6,
          numLayers: 2,
          dropout: 0.5,
          lockedDropout,
          generator: new Generator(2),
        });
      const masks = async (locked: boolean): Promise<Set<string>> =>
        new Set(
          (
            (await make(locked)
              .forward(ones(backend, [8, 1, 6]))
              .output.array()) as number[][][]
          ).map((step) => step.join()),
        );
      expect((await masks(true)).size).toBe(1);
      expect((await masks(false)).size).toBeGreaterThan(1);
    }));

  it('on the recurrent weights drops entries of weight_hh for the whole sequence, in training only', () =>
    leakChecked(backend, async () => {
      using layer = new RNN({
        backend,
        inputSize: 1,
        hiddenSize: 40,
        weightDropout: 0.5,
        generator: new Generator(5),
        bias: false,
      });
      const x = randomLeaf(backend, [2, 1, 1], generator);
      layer.forward(x).output.backward(ones(backend, [2, 1, 40]));
      const gradient = await layer['weight_hh_l0']!.grad!.data();
      const dropped = gradient.filter((value) => value === 0).length / gradient.length;
      expect(dropped).toBeCloseTo(0.5, 1);
      layer.zeroGrad();
      layer.eval();
      layer.forward(x).output.backward(ones(backend, [2, 1, 40]));
      expect((await layer['weight_hh_l0']!.grad!.data()).every((value) => value !== 0)).toBe(true);
    }));
});

describe('initial values', () => {
  it('are uniform within ±1/√H, and differ from gate to gate and layer to layer', () =>
    leakChecked(backend, async () => {
      using layer = new LSTM({
        backend,
        inputSize: 3,
        hiddenSize: 16,
        numLayers: 2,
        bidirectional: true,
        generator: new Generator(1),
      });
      for (const parameter of layer.parameters()) {
        const values = await parameter.data();
        expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.25);
        expect(new Set(values).size).toBeGreaterThan(0.99 * values.length);
      }
      using again = new LSTM({
        backend,
        inputSize: 3,
        hiddenSize: 16,
        numLayers: 2,
        bidirectional: true,
        generator: new Generator(1),
      });
      expect(await again.stateDict()).toEqual(await layer.stateDict());
    }));

  it('may set the forget gate and make each gate’s recurrent weight orthogonal', () =>
    leakChecked(backend, async () => {
      using layer = new LSTM({
        backend,
        inputSize: 2,
        hiddenSize: 4,
        forgetBias: 1,
        recurrentInitializer: orthogonal(),
        generator,
      });
      const [ih, hh] = [await layer['bias_ih_l0']!.data(), await layer['bias_hh_l0']!.data()];
      expect([...ih.subarray(4, 8)]).toEqual([1, 1, 1, 1]);
      expect([...hh.subarray(4, 8)]).toEqual([0, 0, 0, 0]);
      expect(ih[0]).not.toBe(1);
      const rows = (await layer['weight_hh_l0']!.array()) as number[][];
      for (let gate = 0; gate < 4; gate++) {
        const [a, b] = [rows[4 * gate]!, rows[4 * gate + 3]!];
        expect(a.reduce((sum, value, k) => sum + value * b[k]!, 0)).toBeCloseTo(0, 5);
        expect(a.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 5);
      }
      expect(() => new LSTM({ backend, inputSize: 2, hiddenSize: 4, forgetBias: 1, bias: false })).toThrow(
        '[LSTMCell] forgetBias needs the biases',
      );
    }));

  it('may spread the memories of an LSTM over a span', () =>
    leakChecked(backend, async () => {
      const size = 64;
      using layer = new LSTM({ backend, inputSize: 2, hiddenSize: size, memorySpan: 100, numLayers: 2, generator });
      const [ih, hh] = [await layer['bias_ih_l1']!.data(), await layer['bias_hh_l1']!.data()];
      const spans = Array.from(ih.subarray(size, 2 * size), Math.exp);
      expect(Math.min(...spans)).toBeGreaterThanOrEqual(0.999);
      expect(Math.max(...spans)).toBeLessThan(99);
      // The mean of 64 draws from [1, 99): a deviation of 3.5 around 50.
      expect(Math.abs(spans.reduce((a, b) => a + b) / size - 50)).toBeLessThan(17.5);
      expect([...ih.subarray(0, size)]).toEqual([...ih.subarray(size, 2 * size)].map((value) => -value));
      expect(hh.subarray(0, 2 * size).every((value) => value === 0)).toBe(true);
      expect(hh.subarray(2 * size).every((value) => value !== 0)).toBe(true);
      expect(() => new LSTM({ backend, inputSize: 2, hiddenSize: 4, memorySpan: 9, forgetBias: 1 })).toThrow(
        '[LSTMCell] forgetBias and memorySpan both set the forget gate',
      );
      expect(() => new LSTM({ backend, inputSize: 2, hiddenSize: 4, memorySpan: 2 })).toThrow(
        '[LSTM] expected memorySpan to be a finite number > 2, got 2',
      );
    }));
});

describe('lengths', () => {
  it('give each sequence what it gives alone, in both directions and every layer, and 0 past its end', () =>
    leakChecked(backend, async () => {
      using layer = new LSTM({ backend, inputSize: 2, hiddenSize: 3, numLayers: 2, bidirectional: true, generator });
      const x = randomLeaf(backend, [5, 3, 2], generator);
      const lengths = [2, 5, 0];
      const { output, state } = layer.forward(x, { lengths });
      for (const [n, length] of lengths.entries()) {
        const own = slice(output, 1, n, n + 1);
        expect((await slice(own, 0, length).data()).every((value) => value === 0)).toBe(true);
        const alone = layer.forward(slice(slice(x, 1, n, n + 1), 0, 0, length));
        const expected = await alone.output.data();
        (await slice(own, 0, 0, length).data()).forEach((value, k) => expect(value).toBeCloseTo(expected[k]!, 12));
        const final = await alone.state.c.data();
        (await slice(state.c, 1, n, n + 1).data()).forEach((value, k) => expect(value).toBeCloseTo(final[k]!, 12));
      }
    }));
});

describe('errors', () => {
  it('say what was expected, what came and what to do', () =>
    leakChecked(backend, () => {
      using layer = new LSTM({ backend, inputSize: 16, hiddenSize: 8, bidirectional: true });
      using cell = new GRUCell({ backend, inputSize: 4, hiddenSize: 3 });
      const x = zeros(backend, [20, 4, 16]);
      expect(() => layer.forward(zeros(backend, [20, 4, 8]))).toThrow(
        '[LSTM] expected x of shape [T, N, 16], got [20, 4, 8]; pass inputSize: 8 or project x first',
      );
      expect(() => layer.forward(zeros(backend, [20, 16]))).toThrow(
        '[LSTM] expected x of shape [T, N, 16], got [20, 16]; reshape a single sequence [T, D] to [T, 1, D]',
      );
      expect(() => layer.forward(zeros(backend, [20, 4, 16], { dtype: 'i32' }))).toThrow(
        '[LSTM] expected x of dtype f32, got i32',
      );
      expect(() => layer.forward(x, { lengths: [20, 21, 3, 4] })).toThrow(/^\[LSTM\] lengths\[1\] is 21/);
      expect(() => layer.forward(x, { lengths: [20, 3.5, 3, 4] })).toThrow(/^\[LSTM\] lengths\[1\] is 3.5/);
      expect(() => layer.forward(x, { lengths: [20] })).toThrow(/^\[LSTM\] expected 4 lengths/);
      const h = zeros(backend, [2, 4, 8]);
      expect(() => layer.forward(x, { state: { h, c: zeros(backend, [1, 4, 8]) } })).toThrow(
        '[LSTM] expected state.c of shape [2, 4, 8], got [1, 4, 8]',
      );
      expect(() => layer.forward(x, { state: { h } as unknown as { h: Tensor; c: Tensor } })).toThrow(
        '[LSTM] expected a state with h and c, got h; pass all of it or none',
      );
      expect(() => layer.step(zeros(backend, [4, 16]))).toThrow(
        '[LSTM] a bidirectional layer needs the whole sequence',
      );
      expect(() => cell.forward(zeros(backend, [5, 2, 4]))).toThrow(
        '[GRUCell] expected x of shape [N, 4], got [5, 2, 4]; a cell takes one step; give a sequence to the layer',
      );
      expect(() => new LSTM({ backend, inputSize: 2, hiddenSize: 4, projectionSize: 4 })).toThrow(
        '[LSTMCell] expected projectionSize to be smaller than hiddenSize 4, got 4',
      );
      expect(() => new RNN({ backend, inputSize: 2, hiddenSize: 4, numLayers: 0 })).toThrow(
        '[RNN] expected numLayers to be a whole number of at least 1, got 0',
      );
      expect(() => new Recurrent({ cell: () => cell, inputSize: 4, numLayers: 2 })).toThrow(
        '[Recurrent] the cell of layer 1 has inputSize 4, expected 3',
      );
    }));

  it("refuse fused: 'require' for a cell that has no fused sequence", () =>
    leakChecked(backend, () => {
      using network = new Recurrent({ cell: (size) => new LeakyCell(size), inputSize: 2, fused: 'require' });
      expect(() => network.forward(zeros(backend, [2, 1, 2]))).toThrow(
        "[LeakyCell] fused: 'require' needs a fused implementation, and this cell has none; use fused: 'auto'",
      );
    }));
});

describe('memory', () => {
  it.each([
    ['require', 1000],
    ['off', 200],
  ] as const)('is flat with fused: %s over %i training steps', async (fused, steps) => {
    const layer = new LSTM({
      backend,
      inputSize: 1,
      hiddenSize: 1,
      bidirectional: true,
      numLayers: 2,
      dropout: 0.2,
      weightDropout: 0.1,
      generator,
      fused,
    });
    const x = ones(backend, [2, 2, 1]);
    const counts = new Set<number>();
    for (let step = 0; step < steps; step++) {
      using _scope = openScope(backend);
      sum(layer.forward(x, { lengths: [2, 1] }).output).backward();
      layer.zeroGrad();
      _scope.close();
      counts.add(backend.memory().buffers);
    }
    expect(counts.size).toBe(1);
    layer.dispose();
    x.dispose();
  });

  it('needs no scope where the output and the state are disposed', async () => {
    const layer = new GRU({
      backend,
      inputSize: 2,
      hiddenSize: 2,
      numLayers: 2,
      dropout: 0.5,
      residual: true,
      generator,
      fused: 'off',
    });
    const x = ones(backend, [3, 2, 2]);
    const before = backend.memory().buffers;
    const { output, state } = layer.forward(x, { lengths: [3, 2] });
    const loss = sum(output);
    loss.backward();
    layer.zeroGrad();
    for (const made of [loss, output, state.h]) made.dispose();
    expect(backend.memory().buffers).toBe(before);
    layer.dispose();
    x.dispose();
  });
});
