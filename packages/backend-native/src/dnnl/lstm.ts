import type { Description, LstmDescriptions, Pointer } from './functions.ts';
import { contiguous } from './layout.ts';
import { argument, Primitive, query, type Dnnl } from './library.ts';

export interface LstmSizes {
  readonly steps: number;
  readonly batch: number;
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly reverse: boolean;
}

const gates = 4;

/** Descriptors of plain layouts, and of the weights in whatever layout the library likes. */
function describeAll(dnnl: Dnnl, sizes: LstmSizes): LstmDescriptions {
  const { steps, batch, inputSize, hiddenSize } = sizes;
  const plain = (...dimensions: number[]): Description => dnnl.api.describe(dimensions, contiguous(dimensions));
  const any = (...dimensions: number[]): Description => dnnl.api.describe(dimensions, 'any');
  return {
    srcLayer: plain(steps, batch, inputSize),
    srcIter: plain(1, 1, batch, hiddenSize),
    srcIterC: plain(1, 1, batch, hiddenSize),
    weightsLayer: any(1, 1, inputSize, gates, hiddenSize),
    weightsIter: any(1, 1, hiddenSize, gates, hiddenSize),
    weightsPeephole: null,
    weightsProjection: null,
    bias: plain(1, 1, gates, hiddenSize),
    dstLayer: plain(steps, batch, hiddenSize),
    dstIter: plain(1, 1, batch, hiddenSize),
    dstIterC: plain(1, 1, batch, hiddenSize),
  };
}

/** PyTorch's `[gates, hidden, columns]` seen as oneDNN's (layer, direction, columns, gates, hidden). */
function userWeights(dnnl: Dnnl, columns: number, hidden: number): Description {
  const size = columns * gates * hidden;
  return dnnl.api.describe([1, 1, columns, gates, hidden], [size, size, 1, hidden * columns, columns]);
}

/** A weight's way from the caller's layout into the library's. */
export class WeightPorter {
  /** Bytes in the library's layout */
  readonly bytes: number;
  readonly #primitive: Primitive;

  constructor(dnnl: Dnnl, from: Description, to: Description) {
    this.bytes = dnnl.bytesOf(to);
    this.#primitive = dnnl.reorder(from, to);
  }

  run(from: bigint, to: bigint): void {
    this.#primitive.execute([from, to]);
  }

  dispose(): void {
    this.#primitive.dispose();
  }
}

/** An LSTM of one shape, forward without anything kept: `execute([x, h0, c0, W_ih, W_hh, b, output, hN, cN])`. */
export class LstmForward {
  readonly weightsLayer: WeightPorter;
  readonly weightsIter: WeightPorter;
  readonly #dnnl: Dnnl;
  readonly #description: Pointer;
  readonly #primitive: Primitive;

  constructor(dnnl: Dnnl, sizes: LstmSizes) {
    this.#dnnl = dnnl;
    const wished = describeAll(dnnl, sizes);
    this.#description = dnnl.api.lstmForward(dnnl.engine, sizes.reverse, wished);
    const layer = dnnl.query(this.#description, query.weights, 0);
    const iter = dnnl.query(this.#description, query.weights, 1);
    this.weightsLayer = new WeightPorter(dnnl, userWeights(dnnl, sizes.inputSize, sizes.hiddenSize), layer);
    this.weightsIter = new WeightPorter(dnnl, userWeights(dnnl, sizes.hiddenSize, sizes.hiddenSize), iter);
    this.#primitive = new Primitive(dnnl, this.#description, [
      [argument.srcLayer, wished.srcLayer],
      [argument.srcIter, wished.srcIter],
      [argument.srcIterC, wished.srcIterC],
      [argument.weightsLayer, layer],
      [argument.weightsIter, iter],
      [argument.bias, wished.bias],
      [argument.dstLayer, wished.dstLayer],
      [argument.dstIter, wished.dstIter],
      [argument.dstIterC, wished.dstIterC],
    ]);
  }

  execute(addresses: readonly bigint[]): void {
    this.#primitive.execute(addresses);
  }

  dispose(): void {
    for (const part of [this.#primitive, this.weightsLayer, this.weightsIter]) part.dispose();
    this.#dnnl.destroyDescription(this.#description);
  }
}
