import { argmax, Generator, tensor, type Backend, type State, type Tensor } from '@timestep/core';
import { oneHot, type TokenBatch } from '@timestep/datasets';
import { GRU, LSTM, ManyToOne, MinLSTM, type Recurrent, RNN } from '@timestep/layers';
import { cosine, crossEntropyLoss } from '@timestep/train';
import { mkdirSync, writeFileSync } from 'node:fs';
import { learn } from '../learn.ts';
import { lagPicture } from './lag-picture.ts';

const lags = [10, 20, 50, 100, 200, 500, 1000];
const seeds = [1, 2, 3];
/** The accuracy of a seed that has learned */
const learned = 0.9;
const [batch, hiddenSize, sequences] = [20, 32, 20_000];

type AnyLayer = Recurrent<State>;
type Make = (
  options: {
    readonly backend: Backend;
    readonly generator: Generator;
    readonly inputSize: number;
    readonly hiddenSize: number;
  },
  lag: number,
) => AnyLayer;

/**
 * Starts the units with memories of u steps, u uniform in [1, lag − 1), as `memorySpan` does in an LSTM (Tallec and
 * Ollivier 2018, section 2): ln u goes into the bias of each gate by its sign.
 */
function spread(layer: AnyLayer, lag: number, signs: readonly number[], generator: Generator): AnyLayer {
  const logarithms = Array.from({ length: hiddenSize }, () => Math.log(generator.uniform(1, lag - 1)));
  const biases = signs.flatMap((sign) => logarithms.map((value) => sign * value));
  for (const [name, parameter] of layer.namedParameters())
    if (name.startsWith('bias_ih')) parameter.assign(Float32Array.from(biases));
  return layer;
}

const layers: Readonly<Record<string, Make>> = {
  RNN: (options) => new RNN(options),
  GRU: (options) => new GRU(options),
  LSTM: (options) => new LSTM(options),
  minLSTM: (options) => new MinLSTM({ ...options, numLayers: 2 }),
  // h' = (1 − z)∘n + z∘h keeps a unit for u steps where z = u/(u + 1).
  'GRU, memories spread': (options, lag) => spread(new GRU(options), lag, [0, 1, 0], options.generator),
  'LSTM, memories spread': (options, lag) => new LSTM({ ...options, memorySpan: lag }),
  // And f/(f + i) is u/(u + 1) where the biases of f and i are ln u and −ln u.
  'minLSTM, memories spread': (options, lag) =>
    spread(new MinLSTM({ ...options, numLayers: 2 }), lag, [-1, 1, 0], options.generator),
};

interface LatchBatch extends TokenBatch {
  /** `[N]`, the first symbol, 0 or 1 */
  readonly first: Int32Array;
}

/** One of two symbols and behind it `lag` out of four others: which of the two was it? */
function latch(lag: number, count: number, random: Generator): LatchBatch {
  const tokens = Int32Array.from({ length: (lag + 1) * count }, (_, k) =>
    k < count ? random.integer(2) : 2 + random.integer(4),
  );
  return {
    tokens,
    shape: [lag + 1, count],
    lengths: new Int32Array(count).fill(lag + 1),
    symbols: 6,
    first: tokens.slice(0, count),
  };
}

/** The share of 1,000 unseen sequences that are told right. */
async function accuracy(backend: Backend, make: Make, lag: number, seed: number): Promise<number> {
  const generator = new Generator(seed);
  const model = new ManyToOne({
    backend,
    generator,
    layer: make({ backend, generator, inputSize: 6, hiddenSize }, lag),
    outputSize: 2,
  });
  const logits = (given: LatchBatch): Tensor => {
    const { data, shape } = oneHot(given);
    return model.forward(tensor(backend, data, { shape }));
  };
  const loss = (): Tensor => {
    const given = latch(lag, batch, generator);
    return crossEntropyLoss(logits(given), tensor(backend, given.first));
  };
  const held = latch(lag, 1000, new Generator(1000));
  const right = async (): Promise<number> =>
    (await argmax(logits(held)).data()).filter((symbol, n) => symbol === held.first[n]).length / 1000;
  const updates = sequences / batch;
  const { measured } = await learn(
    model,
    { learningRate: 0.01, steps: updates, every: updates, schedule: cosine({ steps: updates, warmup: 50 }) },
    loss,
    right,
    () => true,
  );
  model.dispose();
  return measured;
}

/**
 * The same training of every layer over longer and longer lags, up to the first that no seed learns: prints and draws
 * the accuracy, the mean of three seeds.
 */
export async function latchLags(backend: Backend, file: URL): Promise<void> {
  const shares: Record<string, number[]> = {};
  for (const [name, make] of Object.entries(layers)) {
    shares[name] = [];
    for (const lag of lags) {
      const all: number[] = [];
      for (const seed of seeds) all.push(await accuracy(backend, make, lag, seed));
      shares[name].push(all.reduce((total, one) => total + one / seeds.length, 0));
      console.log(
        `lag ${String(lag).padEnd(5)} ${name.padEnd(24)} ${all.map((one) => (100 * one).toFixed(1)).join(', ')} % right with three seeds after ${sequences} sequences`,
      );
      // Where a gradient has vanished on its way back, longer ways show nothing new.
      if (!all.some((one) => one > learned)) break;
    }
  }
  mkdirSync(new URL('.', file), { recursive: true });
  writeFileSync(file, lagPicture(lags, shares));
}
