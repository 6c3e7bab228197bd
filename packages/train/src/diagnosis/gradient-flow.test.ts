import {
  add,
  concat,
  Generator,
  multiply,
  openScope,
  reshape,
  slice,
  sum,
  tensor,
  type Backend,
  type State,
  type Tensor,
} from '@timestep/core';
import { GRU, Linear, LSTM, Module, RNN, type Cell, type Recurrent } from '@timestep/layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gradientFlow, gradientFlowPicture, type LossFunction } from '../index.ts';
import { backends } from '../test-support/backends.ts';

const [T, N, D, H] = [7, 2, 3, 4];

describe.each(backends)('gradientFlow on $name', ({ name, create }) => {
  let backend: Backend;
  beforeAll(async () => void (backend = await create()));
  afterAll(() => backend.dispose());

  const random = (shape: readonly number[], seed: number): Tensor => {
    const generator = new Generator(seed);
    return tensor(
      backend,
      Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => generator.normal()),
      { shape },
    );
  };
  const options = () => ({ backend, inputSize: D, hiddenSize: H, generator: new Generator(2) });
  /** A weighted sum of all outputs, so that every step has a loss of its own. */
  const lossOf = (output: Tensor): Tensor => sum(multiply(output, random(output.shape, 5)));

  it.each([
    ['RNN', () => new RNN(options()) as unknown as Recurrent<State>],
    ['LSTM', () => new LSTM(options()) as unknown as Recurrent<State>],
    ['GRU', () => new GRU(options()) as unknown as Recurrent<State>],
  ])('%s: the norms are those of finite differences', async (_name, make) => {
    if (name !== 'reference') return; // float32 is too coarse to judge by differences
    const layer = make();
    const x = random([T, N, D], 3);
    const [cell] = layer.cells as [Cell<State>];
    /** The loss with `shift` added to element `at` of h_t, by steps of the cell. */
    const shifted = async (t: number, at: number, shift: number): Promise<number> => {
      using _scope = openScope(backend);
      let state: State | null = null;
      const outputs: Tensor[] = [];
      for (let step = 0; step < T; step++) {
        let next: State = cell.forward(reshape(slice(x, 0, step, step + 1), [N, D]), state).state;
        if (step === t)
          next = {
            ...next,
            h: add(
              next['h']!,
              tensor(
                backend,
                Float64Array.from({ length: N * H }, (_, k) => (k === at ? shift : 0)),
                { shape: [N, H] },
              ),
            ),
          };
        outputs.push(reshape(next['h']!, [1, N, H]));
        state = next;
      }
      return await lossOf(concat(outputs)).item();
    };
    const { layers, loss } = await gradientFlow(layer, x, (model, batch) => lossOf(model.forward(batch).output));
    expect(loss).toBeCloseTo(await shifted(-1, 0, 0), 10);
    expect(layers).toHaveLength(1);
    for (const t of [0, 3, T - 1]) {
      let squares = 0;
      for (let at = 0; at < N * H; at++)
        squares += (((await shifted(t, at, 1e-5)) - (await shifted(t, at, -1e-5))) / 2e-5) ** 2;
      expect(layers[0]!.norms[t]).toBeCloseTo(Math.sqrt(squares), 7);
    }
    layer.dispose();
    x.dispose();
  });

  it('finds every layer and direction by name, minds lengths, and leaves all as it was', async () => {
    class Tagger extends Module {
      readonly lstm = new LSTM({ ...options(), numLayers: 2, bidirectional: true });
      readonly blocks = [new GRU({ backend, inputSize: 2 * H, hiddenSize: 3, generator: new Generator(3) })];
      readonly head = new Linear({ backend, inputSize: 3, outputSize: 1, generator: new Generator(4) });
    }
    const before = backend.memory().buffers;
    const model = new Tagger();
    const loss: LossFunction<Tagger, number[]> = (tagger, lengths) => {
      const { output } = tagger.lstm.forward(random([T, N, D], 3), { lengths });
      return lossOf(tagger.head.forward(tagger.blocks[0]!.forward(output, { lengths }).output));
    };
    model.head.bias!.grad = tensor(backend, [42]);
    const flow = await gradientFlow(model, [7, 4], loss);
    expect(flow.layers.map((layer) => layer.name)).toEqual([
      'lstm_l0',
      'lstm_l0_reverse',
      'lstm_l1',
      'lstm_l1_reverse',
      'blocks.0_l0',
    ]);
    for (const { norms, saturation } of flow.layers) {
      expect(norms).toHaveLength(T);
      expect(norms.every((norm) => norm > 0)).toBe(true);
      for (const share of Object.values(saturation)) expect(share).toBeLessThan(0.2);
    }
    expect(Object.keys(flow.layers[0]!.saturation)).toEqual(['input', 'forget', 'output']);
    expect(Object.keys(flow.layers[4]!.saturation)).toEqual(['reset', 'update']);
    const short = await gradientFlow(model, [4, 2], loss);
    for (const { norms } of short.layers) expect([...norms.slice(4)]).toEqual([0, 0, 0]);
    expect(await model.head.bias!.grad.item()).toBe(42);
    expect(model.head.weight.grad).toBeNull();
    expect(Object.keys(model.lstm.cells[0]!)).not.toContain('sequence');
    model.dispose();
    expect(backend.memory().buffers).toBe(before);
  });

  /** The loss is on the last step alone; `scale` is what the recurrent weights are multiplied by. */
  async function flowOf(layer: Recurrent<State>, scale: number, steps = 60) {
    const [cell] = layer.cells as unknown as [{ weight_hh: Tensor }];
    cell.weight_hh.assign((await cell.weight_hh.data()).map((value) => value * scale));
    const x = random([steps, N, D], 3);
    const flow = await gradientFlow(layer, x, (model, batch) =>
      lossOf(slice(model.forward(batch).output, 0, steps - 1)),
    );
    layer.dispose();
    x.dispose();
    return flow;
  }

  it('tells where the signal is lost, what gets through and what explodes, and draws them side by side', async () => {
    const rnn = await flowOf(new RNN(options()), 0.5);
    const [vanishing] = rnn.layers;
    expect(vanishing).toMatchObject({ verdict: 'vanishing', name: 'l0' });
    expect(vanishing!.factor).toBeLessThan(0.6);
    expect(vanishing!.lostAt).toBeGreaterThan(40);
    expect(vanishing!.norms[vanishing!.lostAt!]).toBeLessThan(1e-3 * vanishing!.norms[59]!);
    expect(vanishing!.norms[vanishing!.lostAt! + 1]).toBeGreaterThanOrEqual(1e-3 * vanishing!.norms[59]!);

    // With its forget gate open an LSTM's cell carries the gradient on: tens of steps further than the Elman network.
    const lstm = await flowOf(new LSTM({ ...options(), forgetBias: 5 }), 1);
    expect(lstm.layers[0]!.lostAt ?? 0).toBeLessThan(vanishing!.lostAt! - 10);
    expect(lstm.layers[0]!.saturation['forget']).toBeGreaterThan(0.9);
    expect(lstm.layers[0]!.saturation['input']).toBeLessThan(0.5);

    const wild = await flowOf(new RNN({ ...options(), activation: 'relu' }), 6, 30);
    expect(wild.exploding).toEqual(['l0']);
    expect(wild.layers[0]!.factor).toBeGreaterThan(1);
    expect(wild.layers[0]!.norms.every(Number.isFinite)).toBe(true);

    const picture = gradientFlowPicture({ RNN: rnn, LSTM: lstm, 'A & B': wild });
    expect(picture.match(/<path /g)).toHaveLength(3);
    expect(picture.match(/<g /g)).toHaveLength(3);
    expect(picture).toContain('A &#38; B');
    expect(picture).toContain(`l0: vanishing before step ${vanishing!.lostAt! + 1}`);
    expect(picture).not.toMatch(/NaN|Infinity|undefined/);
    const flat = gradientFlowPicture({
      none: {
        loss: 0,
        exploding: [],
        layers: [
          { name: 'l0', norms: new Float64Array(3), saturation: {}, lostAt: null, factor: 1, verdict: 'steady' },
        ],
      },
    });
    expect(flat).not.toMatch(/NaN|Infinity|undefined/);
    expect(gradientFlowPicture({})).toMatch(/^<svg .*<\/svg>$/);
  });

  it('refuses a model without time, and a threshold that is none', async () => {
    const linear = new Linear({ backend, inputSize: 1, outputSize: 1 });
    await expect(gradientFlow(linear, null, () => sum(linear.weight))).rejects.toThrow(/recurrent layer/);
    await expect(gradientFlow(linear, null, () => sum(linear.weight), { threshold: 1 })).rejects.toThrow(/threshold/);
    linear.dispose();
  });
});
