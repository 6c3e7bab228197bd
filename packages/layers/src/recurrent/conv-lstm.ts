import { expectTensor } from '../checks.ts';
import {
  add,
  ArgumentError,
  type Backend,
  checkOptions,
  concat,
  expand,
  gatherRows,
  is,
  linear,
  type OptionRules,
  reshape,
  type Rule,
  ShapeError,
  tensor,
  type Tensor,
  transpose,
  uniform,
  zeros,
} from '@timestep/core';
import { lstmGates, show } from '@timestep/core/extend';
import { checked, generatorOrFresh, type LayerOptions, layerRules, pick } from '../options.ts';
import { checkRoom, Parameter } from '../parameter.ts';
import { scoped, type Recurrence } from '../scoped.ts';
import type { LSTMState } from './lstm-cell.ts';
import { ProjectedCell } from './projected-cell.ts';
import { Recurrent, type RecurrentInput, type StackOptions, stackRules } from './recurrent.ts';

/** Options of {@link ConvLSTMCell}. */
export interface ConvLSTMCellOptions extends LayerOptions {
  /** C of the input */
  readonly inputChannels: number;
  /** F, of the state and the output */
  readonly hiddenChannels: number;
  /** Height and width of the images. */
  readonly imageSize: readonly [height: number, width: number];
  /** K, odd; 3 by default. */
  readonly kernelSize?: number | undefined;
  /** Add peepholes with separate weights for each pixel, as in the paper; false by default. */
  readonly peepholes?: boolean | undefined;
}

const imageRule: Rule = (value) =>
  Array.isArray(value) && value.length === 2 && value.every((side) => Number.isSafeInteger(side) && side > 0)
    ? null
    : 'two whole numbers of at least 1, [height, width]';

const convLSTMCellRules: OptionRules<ConvLSTMCellOptions> = {
  ...layerRules,
  inputChannels: is.size(),
  hiddenChannels: is.size(),
  imageSize: imageRule,
  kernelSize: is.optional(is.size()),
  peepholes: is.optional(is.boolean),
};

/**
 * One step of the convolutional LSTM (Shi et al. 2015, equation 3): an LSTM whose products are convolutions with zero
 * padding, gates in the order i, f, g, o. x `[N, C·height·width]`, state `h` and `c` `[N, F, height, width]`.
 * Parameters: `weight_ih [4F, C, K, K]`, `weight_hh [4F, F, K, K]`, `bias_ih [4F]` and optional
 * `weight_peephole [3, F, height, width]`, from uniform ±1/√(F·K²).
 *
 * @throws ArgumentError for an unknown option or a wrong value, such as an even kernelSize
 * @example
 * ```ts
 * const cell = new ConvLSTMCell({ backend, inputChannels: 1, hiddenChannels: 8, imageSize: [16, 16] });
 * const { output, state } = cell.forward(x); // x: [N, 256], output: [N, 2048]
 * ```
 */
export class ConvLSTMCell extends ProjectedCell<LSTMState> {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly stateShapes;
  readonly inputChannels: number;
  readonly hiddenChannels: number;
  readonly imageSize: readonly [number, number];
  readonly kernelSize: number;
  weight_ih: Parameter;
  weight_hh: Parameter;
  bias_ih: Parameter;
  weight_peephole: Parameter | null;
  readonly #neighbours: Int32Array;

  override get typeName(): string {
    return 'ConvLSTMCell';
  }

  constructor(options: ConvLSTMCellOptions) {
    super();
    checkOptions('ConvLSTMCell', options, convLSTMCellRules);
    this.inputChannels = options.inputChannels;
    this.hiddenChannels = options.hiddenChannels;
    this.imageSize = options.imageSize;
    this.kernelSize = options.kernelSize ?? 3;
    if (this.kernelSize % 2 === 0)
      throw new ArgumentError(
        `[ConvLSTMCell] expected an odd kernelSize, which keeps the size of the image, got ${this.kernelSize}`,
      );
    const [height, width] = this.imageSize;
    this.inputSize = this.inputChannels * height * width;
    this.outputSize = this.hiddenChannels * height * width;
    this.stateShapes = { h: [this.hiddenChannels, height, width], c: [this.hiddenChannels, height, width] };
    this.#neighbours = neighbours(height, width, this.kernelSize);
    const generator = generatorOrFresh(options.generator);
    const bound = 1 / Math.sqrt(this.hiddenChannels * this.kernelSize ** 2);
    const draw = (...shape: number[]) => Parameter.draw(options.backend, shape, uniform(-bound, bound), generator);
    checkRoom(options.backend, [4 * this.hiddenChannels, this.hiddenChannels, this.kernelSize, this.kernelSize]);
    this.weight_ih = draw(4 * this.hiddenChannels, this.inputChannels, this.kernelSize, this.kernelSize);
    this.weight_hh = draw(4 * this.hiddenChannels, this.hiddenChannels, this.kernelSize, this.kernelSize);
    this.bias_ih = draw(4 * this.hiddenChannels);
    this.weight_peephole = options.peepholes ? draw(3, this.hiddenChannels, height, width) : null;
  }

  get #places(): number {
    return this.imageSize[0] * this.imageSize[1];
  }

  /** `[…, C·places]` → `[…, places·4F]` */
  protected project(x: Tensor): Tensor {
    const lead = x.shape.slice(0, -1);
    const sums = this.#convolve(reshape(x, [-1, this.inputChannels, this.#places]), this.weight_ih, this.bias_ih);
    return reshape(sums, [...lead, this.#places * 4 * this.hiddenChannels]);
  }

  protected advance(projected: Tensor, { h, c }: LSTMState): Recurrence<LSTMState> {
    const [batch, places, filters] = [h.shape[0]!, this.#places, this.hiddenChannels];
    const rows = [batch * places, filters];
    const recurrent = this.#convolve(reshape(h, [batch, filters, places]), this.weight_hh, null);
    const sums = reshape(add(reshape(projected, recurrent.shape), recurrent), [rows[0]!, 4 * filters]);
    const cells = reshape(transpose(reshape(c, [batch, filters, places])), rows);
    const next = lstmGates(sums, cells, {
      weightHr: null,
      peephole: this.#peephole(batch),
      variant: { coupledGates: false },
    });
    const image = (part: Tensor): Tensor => reshape(transpose(reshape(part, [batch, places, filters])), h.shape);
    const state = { h: image(next.h), c: image(next.c) };
    return { output: reshape(state.h, [batch, this.outputSize]), state };
  }

  /** The peepholes of every row of the gates, `[3, N·places, F]`. */
  #peephole(batch: number): Tensor | null {
    if (!this.weight_peephole) return null;
    const [places, filters] = [this.#places, this.hiddenChannels];
    const rows = reshape(transpose(reshape(this.weight_peephole, [3, filters, places])), [3, 1, places, filters]);
    return reshape(expand(rows, [3, batch, places, filters]), [3, batch * places, filters]);
  }

  /**
   * Convolves images `[N, C, places]` → `[N, places, 4F]`: gathers the neighbourhood of every pixel, then computes one
   * product.
   */
  #convolve(images: Tensor, weight: Parameter, bias: Parameter | null): Tensor {
    const { backend } = images;
    const [batch, channels, places] = images.shape as [number, number, number];
    const taps = this.kernelSize ** 2;
    const rows = concat([transpose(images, [2, 0, 1]), zeros(backend, [1, batch, channels])]);
    const windows = reshape(gatherRows(rows, this.#index(backend)), [places, taps, batch, channels]);
    const width = channels * taps;
    const flat = reshape(transpose(windows, [2, 0, 3, 1]), [batch, places, width]);
    return linear(flat, reshape(weight, [4 * this.hiddenChannels, width]), bias);
  }

  #index(backend: Backend): Tensor {
    return tensor(backend, this.#neighbours);
  }
}

/**
 * For each pixel and tap, the index of the pixel that the tap reads. Outside the image it is the row of zeros after the
 * last pixel.
 */
function neighbours(height: number, width: number, kernel: number): Int32Array {
  const reach = (kernel - 1) / 2;
  const index: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++) {
          const inside = y + dy >= 0 && y + dy < height && x + dx >= 0 && x + dx < width;
          index.push(inside ? (y + dy) * width + x + dx : height * width);
        }
      }
    }
  }
  return Int32Array.from(index);
}

/** Options of {@link ConvLSTM}. */
export interface ConvLSTMOptions extends Omit<StackOptions, 'inputSize'>, ConvLSTMCellOptions {}

// The size of an input follows from the images.
const { inputSize: _inputSize, ...imageStackRules } = stackRules;

const convLSTMRules: OptionRules<ConvLSTMOptions> = { ...imageStackRules, ...convLSTMCellRules };

/**
 * Convolutional LSTMs (Shi et al. 2015) over sequences of images: x `[T, N, C, height, width]` → output `[T, N,
 * F·directions, height, width]` and state `{ h, c: [L·directions, N, F, height, width] }`; {@link ConvLSTMCell} has
 * the equations.
 *
 * ```ts
 * const network = new ConvLSTM({ backend, inputChannels: 1, hiddenChannels: 16, imageSize: [32, 32] });
 * ```
 *
 * @throws ArgumentError for an unknown option or a wrong value; ShapeError for images of another size
 */
export class ConvLSTM extends Recurrent<LSTMState> {
  readonly inputChannels: number;
  readonly hiddenChannels: number;
  readonly imageSize: readonly [number, number];

  override get typeName(): string {
    return 'ConvLSTM';
  }

  constructor(given: ConvLSTMOptions) {
    const options = { ...checked('ConvLSTM', given, convLSTMRules), generator: generatorOrFresh(given.generator) };
    const cellOptions = pick<ConvLSTMCellOptions>(options, convLSTMCellRules);
    const places = options.imageSize[0] * options.imageSize[1];
    super(
      {
        ...pick<Omit<StackOptions, 'inputSize'>>(options, imageStackRules),
        inputSize: options.inputChannels * places,
        cell: (inputSize) => new ConvLSTMCell({ ...cellOptions, inputChannels: inputSize / places }),
      },
      'ConvLSTM',
    );
    this.inputChannels = options.inputChannels;
    this.hiddenChannels = options.hiddenChannels;
    this.imageSize = options.imageSize;
  }

  /** @param x `[T, N, C, height, width]` */
  override forward(x: Tensor, options: RecurrentInput<LSTMState> = {}): Recurrence<LSTMState> {
    expectTensor('ConvLSTM', x);
    const image = [this.inputChannels, ...this.imageSize];
    if (x.rank !== 5 || show(x.shape.slice(2)) !== show(image))
      throw new ShapeError(
        `[ConvLSTM] expected x of shape [T, N, ${image.join(', ')}], got ${show(x.shape)}; one image is [C, height, width]`,
      );
    const lead = x.shape.slice(0, 2);
    return scoped(x.backend, () => {
      const { output, state } = super.forward(reshape(x, [...lead, this.inputSize]), options);
      return { output: reshape(output, [...lead, this.hiddenChannels * this.directions, ...this.imageSize]), state };
    });
  }

  /** One image of a stream: x `[N, C, height, width]`. */
  override step(x: Tensor, state: LSTMState | null = null): Recurrence<LSTMState> {
    expectTensor('ConvLSTM', x);
    if (this.bidirectional)
      throw new ArgumentError(
        '[ConvLSTM] a bidirectional layer needs the whole sequence; use forward(x), or build it with bidirectional: false',
      );
    return scoped(x.backend, () => {
      const result = this.forward(reshape(x, [1, ...x.shape]), { state });
      return { output: reshape(result.output, result.output.shape.slice(1)), state: result.state };
    });
  }
}
