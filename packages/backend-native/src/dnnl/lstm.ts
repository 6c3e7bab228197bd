import type { Description, LstmDescriptions, Pointer } from './functions.ts';
import { contiguous } from './layout.ts';
import { argument, gradientOf, Primitive, query, type Dnnl } from './library.ts';

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

/** A weight's way between the caller's layout and the library's. */
export class WeightPorter {
  /** The library's side */
  readonly layout: Description;
  /** Bytes in the library's layout */
  readonly bytes: number;
  readonly #primitive: Primitive;

  private constructor(dnnl: Dnnl, from: Description, to: Description, layout: Description) {
    this.layout = layout;
    this.bytes = dnnl.bytesOf(layout);
    this.#primitive = dnnl.reorder(from, to);
  }

  /** `run` brings a weight from the caller's layout into the library's. */
  static into(dnnl: Dnnl, user: Description, layout: Description): WeightPorter {
    return new WeightPorter(dnnl, user, layout, layout);
  }

  /** `run` brings a gradient from the library's layout into the caller's. */
  static outOf(dnnl: Dnnl, user: Description, layout: Description): WeightPorter {
    return new WeightPorter(dnnl, layout, user, layout);
  }

  run(from: bigint, to: bigint): void {
    this.#primitive.execute([from, to]);
  }

  dispose(): void {
    this.#primitive.dispose();
  }
}

/** A forward primitive of one shape. */
export class LstmForward {
  readonly description: Pointer;
  readonly primitive: Primitive;
  readonly workspaceBytes: number;
  readonly weightsLayer: WeightPorter;
  readonly weightsIter: WeightPorter;
  readonly workspace: Description | null;

  readonly #dnnl: Dnnl;

  constructor(dnnl: Dnnl, sizes: LstmSizes, training: boolean) {
    this.#dnnl = dnnl;
    const wished = describeAll(dnnl, sizes);
    this.description = dnnl.api.lstmForward(dnnl.engine, training, sizes.reverse, wished);
    const layer = dnnl.query(this.description, query.weights, 0);
    const iter = dnnl.query(this.description, query.weights, 1);
    this.workspace = training ? dnnl.query(this.description, query.workspace) : null;
    this.workspaceBytes = this.workspace === null ? 0 : dnnl.bytesOf(this.workspace);
    this.weightsLayer = WeightPorter.into(dnnl, userWeights(dnnl, sizes.inputSize, sizes.hiddenSize), layer);
    this.weightsIter = WeightPorter.into(dnnl, userWeights(dnnl, sizes.hiddenSize, sizes.hiddenSize), iter);
    const md = { ...wished, weightsLayer: layer, weightsIter: iter };
    this.primitive = new Primitive(dnnl, this.description, [
      ...stateArguments(md, 0),
      ...(this.workspace === null ? [] : [[argument.workspace, this.workspace] as const]),
    ]);
  }

  dispose(): void {
    this.primitive.dispose();
    this.weightsLayer.dispose();
    this.weightsIter.dispose();
    this.#dnnl.destroyDescription(this.description);
  }
}

/** The backward primitive that belongs to a forward one. */
export class LstmBackward {
  readonly primitive: Primitive;
  readonly weightsLayer: WeightPorter;
  readonly weightsIter: WeightPorter;
  readonly gradientLayer: WeightPorter;
  readonly gradientIter: WeightPorter;

  readonly #dnnl: Dnnl;
  readonly #description: Pointer;

  constructor(dnnl: Dnnl, sizes: LstmSizes, forward: LstmForward) {
    this.#dnnl = dnnl;
    const wished = describeAll(dnnl, sizes);
    const description = dnnl.api.lstmBackward(dnnl.engine, sizes.reverse, wished, wished, forward.description);
    this.#description = description;
    const layer = dnnl.query(description, query.weights, 0);
    const iter = dnnl.query(description, query.weights, 1);
    const diffLayer = dnnl.query(description, query.diffWeights, 0);
    const diffIter = dnnl.query(description, query.diffWeights, 1);
    const userLayer = userWeights(dnnl, sizes.inputSize, sizes.hiddenSize);
    const userIter = userWeights(dnnl, sizes.hiddenSize, sizes.hiddenSize);
    this.weightsLayer = WeightPorter.into(dnnl, userLayer, layer);
    this.weightsIter = WeightPorter.into(dnnl, userIter, iter);
    this.gradientLayer = WeightPorter.outOf(dnnl, userLayer, diffLayer);
    this.gradientIter = WeightPorter.outOf(dnnl, userIter, diffIter);
    const md = { ...wished, weightsLayer: layer, weightsIter: iter };
    const diff = { ...wished, weightsLayer: diffLayer, weightsIter: diffIter };
    this.primitive = new Primitive(dnnl, description, [
      ...stateArguments(md, 0),
      [argument.workspace, forward.workspace!],
      ...stateArguments(diff, gradientOf),
    ]);
  }

  dispose(): void {
    for (const part of [this.primitive, this.weightsLayer, this.weightsIter, this.gradientLayer, this.gradientIter]) part.dispose();
    this.#dnnl.destroyDescription(this.#description);
  }
}

/** The primitives of one shape, each made at its first use. */
export class LstmPrimitives {
  readonly #dnnl: Dnnl;
  readonly #sizes: LstmSizes;
  #training: LstmForward | null = null;
  #inference: LstmForward | null = null;
  #backward: LstmBackward | null = null;

  constructor(dnnl: Dnnl, sizes: LstmSizes) {
    this.#dnnl = dnnl;
    this.#sizes = sizes;
  }

  get training(): LstmForward {
    return (this.#training ??= new LstmForward(this.#dnnl, this.#sizes, true));
  }

  get inference(): LstmForward {
    return (this.#inference ??= new LstmForward(this.#dnnl, this.#sizes, false));
  }

  get backward(): LstmBackward {
    return (this.#backward ??= new LstmBackward(this.#dnnl, this.#sizes, this.training));
  }

  dispose(): void {
    for (const part of [this.#backward, this.#training, this.#inference]) part?.dispose();
  }
}

/** The tensors of a primitive, in the order in which `execute` takes their addresses. */
function stateArguments(md: LstmDescriptions, offset: number): [number, Description][] {
  const list: [number, Description][] = [
    [argument.srcLayer, md.srcLayer], [argument.srcIter, md.srcIter], [argument.srcIterC, md.srcIterC],
    [argument.weightsLayer, md.weightsLayer], [argument.weightsIter, md.weightsIter], [argument.bias, md.bias],
    [argument.dstLayer, md.dstLayer], [argument.dstIter, md.dstIter], [argument.dstIterC, md.dstIterC],
  ];
  return list.map(([index, one]) => [index + offset, one]);
}
