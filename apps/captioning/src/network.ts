import { UsageError } from '@timestep/app-shared';
import {
  type Backend,
  concat,
  type Generator,
  kaimingUniform,
  mean,
  relu,
  reshape,
  slice,
  stack,
  tanh,
  tensor,
  type Tensor,
  tidy,
  transpose,
} from '@timestep/core';
import {
  BahdanauAttention,
  Conv2d,
  Dropout,
  Embedding,
  Linear,
  LSTM,
  type LSTMState,
  MaxPool2d,
  type Memory,
  Module,
  rowsOf,
  type StepDecoder,
} from '@timestep/layers';
import type { InputKind, Picture } from './pictures.ts';
import { pictureSize } from './sample/draw.ts';

/** Sizes of the network. */
export interface NetworkConfig {
  readonly input: InputKind;
  readonly placeSize: number;
  readonly embeddingSize: number;
  readonly hiddenSize: number;
  readonly dropout: number;
}

/** Cells of each side in which the features were computed. */
const cells = 4;
/** 8 directions of gradients, means and deviations of 3 colours; the histogram is one for all cells. */
const [directions, colorValues, histogram] = [8, 6, 64];

/** Places of a side in which the pixels are seen. */
const seenSide = pictureSize / 4;

/**
 * Looks at pixels: `[N, 3, 32, 32]` → `[64, N, K]`, 8 × 8 places. The convolutions don't know where they look, so a shape
 * looks the same in each place; the row and the column of a place are added behind them.
 */
class PixelEncoder extends Module {
  readonly first: Conv2d;
  readonly second: Conv2d;
  readonly third: Conv2d;
  readonly pool = new MaxPool2d({ kernelSize: 2 });

  constructor(backend: Backend, size: number, generator: Generator) {
    super();
    const make = (inputChannels: number, outputChannels: number): Conv2d =>
      new Conv2d({
        backend,
        generator,
        inputChannels,
        outputChannels,
        kernelSize: 3,
        padding: 'same',
        // The variance that relu keeps (He et al. 2015): PyTorch's default learns shapes much later.
        initializer: kaimingUniform(0),
      });
    this.first = make(3, 16);
    this.second = make(16, 32);
    this.third = make(32, size - 2 * seenSide);
  }

  forward(x: Tensor): Tensor {
    const half = this.pool.forward(relu(this.first.forward(x)));
    const quarter = this.pool.forward(relu(this.second.forward(half)));
    const seen = relu(this.third.forward(quarter));
    const [batch, size] = seen.shape as [number, number, number, number];
    const places = transpose(reshape(seen, [batch, size, seenSide * seenSide]), [2, 0, 1]);
    return concat([places, placeTensor(x.backend, batch)], 2);
  }
}

/** `[64, N, 16]`: 1 at the row and at the column of each place. */
function placeTensor(backend: Backend, batch: number): Tensor {
  const size = 2 * seenSide;
  const values = new Float32Array(seenSide * seenSide * batch * size);
  for (let at = 0; at < seenSide * seenSide * batch; at++) {
    const place = Math.floor(at / batch);
    values[at * size + Math.floor(place / seenSide)] = 1;
    values[at * size + seenSide + (place % seenSide)] = 1;
  }
  return tensor(backend, values, { shape: [seenSide * seenSide, batch, size] });
}

/** Looks at features of a 4 × 4 grid: `[16, N, F]` → `[16, N, K]`. */
class FeatureEncoder extends Module {
  readonly look: Linear;

  constructor(backend: Backend, size: number, generator: Generator) {
    super();
    const inputSize = directions + colorValues + histogram + 2;
    this.look = new Linear({ backend, generator, inputSize, outputSize: size });
  }

  forward(x: Tensor): Tensor {
    return relu(this.look.forward(x));
  }
}

/** The decoder between two words, and the places that it looks at. */
export interface CaptionState {
  readonly hidden: LSTMState;
  readonly memory: Memory;
}

/**
 * "Show, attend and tell" (Xu et al. 2015): an LSTM writes a word at a time, and before each it looks at places of the
 * picture.
 */
export class Captioner extends Module implements StepDecoder<CaptionState> {
  readonly encoder: PixelEncoder | FeatureEncoder;
  readonly toHidden: Linear;
  readonly embedding: Embedding;
  readonly attention: BahdanauAttention;
  readonly lstm: LSTM;
  readonly head: Linear;
  readonly drop: Dropout;
  readonly start: number;
  readonly end: number;
  readonly targetSymbols: number;

  constructor(
    backend: Backend,
    symbols: { readonly size: number; readonly start: number; readonly end: number },
    { input, placeSize, embeddingSize, hiddenSize, dropout }: NetworkConfig,
    generator: Generator,
  ) {
    super();
    this.targetSymbols = symbols.size;
    this.start = symbols.start;
    this.end = symbols.end;
    const common = { backend, generator };
    this.encoder = new (input === 'pixels' ? PixelEncoder : FeatureEncoder)(backend, placeSize, generator);
    this.toHidden = new Linear({ ...common, inputSize: placeSize, outputSize: 2 * hiddenSize });
    this.embedding = new Embedding({ ...common, numEmbeddings: symbols.size, embeddingSize });
    this.attention = new BahdanauAttention({
      ...common,
      querySize: hiddenSize,
      valueSize: placeSize,
      attentionSize: placeSize,
    });
    this.lstm = new LSTM({ ...common, inputSize: embeddingSize + placeSize, hiddenSize });
    this.head = new Linear({ ...common, inputSize: hiddenSize + placeSize, outputSize: symbols.size });
    this.drop = new Dropout({ rate: dropout, generator });
  }

  /** Looks at pictures, as {@link pictureTensor} gives them. */
  look(x: Tensor): CaptionState {
    const { h, c, values, keys } = tidy(x.backend, () => {
      const seen = this.drop.forward(this.encoder.forward(x));
      const memory = this.attention.remember(seen);
      const first = tanh(this.toHidden.forward(mean(seen, 0)));
      const size = first.shape[1]! / 2;
      const part = (k: number): Tensor => reshape(slice(first, 1, k * size, (k + 1) * size), [1, -1, size]);
      return { h: part(0), c: part(1), values: memory.values, keys: memory.keys };
    });
    return { hidden: { h: h!, c: c! }, memory: { values: values!, keys: keys!, mask: null } };
  }

  step(tokens: Tensor, { hidden, memory }: CaptionState): { logits: Tensor; weights: Tensor; state: CaptionState } {
    const { logits, weights, h, c } = tidy(tokens.backend, () => {
      const attended = this.attention.forward(hidden.h, memory);
      const word = this.drop.forward(this.embedding.forward(reshape(tokens, [1, -1])));
      const { output, state } = this.lstm.forward(concat([word, attended.context], 2), { state: hidden });
      const row = (x: Tensor): Tensor => reshape(x, x.shape.slice(1));
      const said = this.head.forward(this.drop.forward(concat([output, attended.context], 2)));
      return { logits: row(said), weights: row(attended.weights), h: state.h, c: state.c };
    });
    return { logits: logits!, weights: weights!, state: { hidden: { h: h!, c: c! }, memory } };
  }

  /** The logits of each word, `[T, N, V]`, given the true words before it, i32 `[T, N]` with the end. */
  forward(x: Tensor, captions: Tensor): Tensor {
    const [steps, batch] = captions.shape as [number, number];
    return tidy(x.backend, () => {
      let state = this.look(x);
      let before = tensor(x.backend, new Int32Array(batch).fill(this.start));
      const logits: Tensor[] = [];
      for (let t = 0; t < steps; t++) {
        const result = this.step(before, state);
        logits.push(result.logits);
        ({ state } = result);
        before = reshape(slice(captions, 0, t, t + 1), [batch]);
      }
      return stack(logits);
    });
  }

  selectRows({ hidden, memory }: CaptionState, rows: readonly number[]): CaptionState {
    return {
      hidden: { h: rowsOf(hidden.h, rows, 1), c: rowsOf(hidden.c, rows, 1) },
      memory: { values: rowsOf(memory.values, rows, 0), keys: rowsOf(memory.keys, rows, 0), mask: null },
    };
  }
}

/** Pictures as the network takes them: pixels with their places, or the features of each cell. */
export function pictureTensor(backend: Backend, input: InputKind, pictures: readonly Picture[]): Tensor {
  return input === 'pixels' ? pixelTensor(backend, pictures) : featureTensor(backend, pictures);
}

/** `[N, 3, 32, 32]`: red, green and blue, about 0 on the sample's ground. */
function pixelTensor(backend: Backend, pictures: readonly Picture[]): Tensor {
  const area = pictureSize * pictureSize;
  const values = new Float32Array(pictures.length * 3 * area);
  pictures.forEach(({ pixels }, n) => {
    for (let i = 0; i < area; i++)
      for (let k = 0; k < 3; k++) values[(n * 3 + k) * area + i] = (pixels[i * 3 + k]! - 64) / 64;
  });
  return tensor(backend, values, { shape: [pictures.length, 3, pictureSize, pictureSize] });
}

/** `[16, N, F]`: gradients and colours of a cell, the histogram of the picture, and the cell's place. */
function featureTensor(backend: Backend, pictures: readonly Picture[]): Tensor {
  const [count, size] = [cells * cells, directions + colorValues + histogram + 2];
  const values = new Float32Array(count * pictures.length * size);
  pictures.forEach((picture, n) => {
    const { features } = picture;
    if (!features)
      throw new UsageError(
        '[captioning] the network is given features, and the sample has none; pass --data a folder that has them, or train with --input pixels',
      );
    for (let cell = 0; cell < count; cell++) {
      const at = (cell * pictures.length + n) * size;
      // Gradients have unit length and the histogram sums to 1: this brings all to about 1.
      for (let k = 0; k < directions; k++) values[at + k] = 10 * features[cell * directions + k]!;
      const colors = count * directions + cell * colorValues;
      for (let k = 0; k < colorValues; k++) values[at + directions + k] = 2 * features[colors + k]! - 1;
      const all = count * (directions + colorValues);
      for (let k = 0; k < histogram; k++) values[at + directions + colorValues + k] = 8 * features[all + k]!;
      values[at + size - 2] = (2 * (cell % cells)) / (cells - 1) - 1;
      values[at + size - 1] = (2 * Math.floor(cell / cells)) / (cells - 1) - 1;
    }
  });
  return tensor(backend, values, { shape: [count, pictures.length, size] });
}
