import { ArgumentError, checkOptions, is, ShapeError, Tensor, tensor, tidy, type Backend } from '@timestep/core';
import { checkLengths, show, unowned } from '@timestep/core/extend';
import { Module, type Lengths, type LengthsOption, type Slot } from '@timestep/layers';
import type { Graph, GraphInput } from './graph.ts';
import { Value, type Mask } from './value.ts';

/** The inputs of a model: one tensor, a list in the order of the inputs, or tensors by name. */
export type KerasInputs = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

/** An input of a model. */
export interface KerasPort {
  readonly name: string;
  /** The shape to pass; null for a free length. */
  readonly shape: readonly (number | null)[];
  /** Whether the first axis is time and the second the batch; in Keras it is the other way round. */
  readonly timeFirst: boolean;
}

const optionRules = { lengths: is.nullable(is.arrayOf(is.integer(0))) };

/**
 * A model from a `.keras` file. Its layers can be trained like those of any other module.
 *
 * Time is the first axis, unlike in Keras. Inputs and outputs with three or more axes, and tokens, have the shape
 * `[T, N, …]` where Keras has `[N, T, …]`. Other tensors with one or two axes have the same shape as in Keras.
 *
 * A model with a Masking layer, or an Embedding with `mask_zero`, computes its mask from the data, like Keras. A masked
 * step leaves the state unchanged. If you pass `lengths`, they replace this mask: for steps past a length, a recurrent
 * layer returns 0 (Keras repeats the step before), and the fused operations of the backend are used.
 *
 * @throws ArgumentError or ShapeError from `forward` and `forwardAll`
 * @example
 * const logits = model.forward(x);
 * const { mean, spread } = model.forwardAll({ words, tags }, { lengths });
 */
export class KerasModel extends Module {
  readonly inputs: readonly KerasPort[];
  /** The names of the outputs, in the order of Keras. */
  readonly outputs: readonly string[];
  /** Whether a layer computes a mask from the data: Masking, or an Embedding with `mask_zero`. */
  readonly masked: boolean;
  /** Behaviour of Keras during training that this model lacks: noise, dropout inside cells, moving statistics. */
  readonly inferenceOnly: readonly string[];
  readonly #graph: Graph;
  #states = new Map<object, readonly Tensor[]>();

  /** Made by `importKeras`. */
  constructor(graph: Graph, inferenceOnly: readonly string[] = []) {
    super();
    this.#graph = graph;
    this.inferenceOnly = inferenceOnly;
    this.masked = graph.masks;
    this.outputs = graph.outputs.map(({ name }) => name);
    this.inputs = graph.inputs.map((input) => {
      const [batch = null, steps = null, ...rest] = input.shape;
      const timeFirst = isTimeFirst(input);
      return { name: input.name, shape: timeFirst ? [steps, batch, ...rest] : input.shape, timeFirst };
    });
  }

  /** The layers, under Keras's names of their positions: `lstm`, `dense_1`. */
  override slots(): Slot[] {
    return this.#graph.module.slots();
  }

  /**
   * Runs a model that has one output.
   *
   * @param x `[T, N, D]`, tokens `[T, N]`, or several inputs by name or in order
   * @param options.lengths `[N]`, the number of steps of each sequence; without it, every step counts
   * @returns `[T, N, P]` where Keras returns `[N, T, P]`, or `[N, P]` if the model returns only the last step
   * @throws ArgumentError or ShapeError for wrong inputs; ArgumentError for a model with several outputs
   */
  forward(x: KerasInputs, options: LengthsOption = {}): Tensor {
    const names = this.outputs;
    if (names.length !== 1)
      throw new ArgumentError(`[keras] the model has the outputs ${names.join(', ')}; call forwardAll`);
    return this.forwardAll(x, options)[names[0]!]!;
  }

  /**
   * Runs the model and returns every output by name: the name of its layer, followed by `:1`, `:2` and so on if the layer
   * has several outputs.
   *
   * @param inputs like for {@link forward}
   * @throws ArgumentError or ShapeError for wrong inputs
   */
  forwardAll(inputs: KerasInputs, options: LengthsOption = {}): Record<string, Tensor> {
    checkOptions('KerasModel.forward', options, optionRules);
    const given = this.#inputsOf(inputs);
    const { backend } = given[0]!;
    const states = new Map(this.#states);
    const made = tidy(backend, () => {
      const values = new Map(
        this.#graph.inputs.map((input, k) => [input.key, inputValue(input, given[k]!, options.lengths ?? null)]),
      );
      const outputs = this.#graph.compute({
        backend,
        training: this.inTraining,
        masksFromData: options.lengths === undefined,
        states,
        values,
      });
      this.#keep(states);
      return Object.fromEntries(
        outputs.map((value, k) => [this.outputs[k]!, value.rank >= 3 ? value.timeFirst : value.tensor]),
      );
    });
    return made;
  }

  /** Resets the states of stateful layers to zeros. */
  resetState(): void {
    for (const part of [...this.#states.values()].flat()) part.dispose();
    this.#states = new Map();
  }

  override dispose(): void {
    this.resetState();
    super.dispose();
  }

  /** Keeps the states of stateful layers beyond the scope of a run, without their gradients. */
  #keep(states: ReadonlyMap<object, readonly Tensor[]>): void {
    const kept = new Map(
      [...states].map(([layer, parts]) => [
        layer,
        this.#states.get(layer) === parts ? parts : parts.map((part) => unowned(part.detach())),
      ]),
    );
    for (const [layer, parts] of this.#states) if (kept.get(layer) !== parts) for (const part of parts) part.dispose();
    this.#states = kept;
  }

  #inputsOf(given: KerasInputs): Tensor[] {
    const ports = this.inputs;
    const names = ports.map(({ name }) => name).join(', ');
    const list = given instanceof Tensor ? [given] : Array.isArray(given) ? (given as readonly Tensor[]) : null;
    // Anything but tensors and an object of them has no names, and fits nothing.
    const record = Object(given) as Readonly<Record<string, Tensor>>;
    const unknown = list ? [] : Object.keys(record).filter((name) => !ports.some((one) => one.name === name));
    const tensors = list ?? ports.map(({ name }) => record[name]!);
    const fits =
      tensors.length === ports.length && tensors.every((one) => one instanceof Tensor) && unknown.length === 0;
    if (!fits)
      throw new ArgumentError(
        `[keras] the model reads ${ports.length === 1 ? 'the input' : 'the inputs'} ${names}; pass ${ports.length === 1 ? 'a tensor' : `{ ${names} } or as many tensors`}${unknown.length > 0 ? `, not ${unknown.join(', ')}` : ''}`,
      );
    tensors.forEach((one, k) => {
      const { name, shape } = ports[k]!;
      if (one.rank !== shape.length)
        throw new ShapeError(
          `[keras] expected '${name}' of shape [${shape.map((length) => length ?? 'any').join(', ')}], got ${show(one.shape)}; the time comes first`,
        );
    });
    return [...tensors];
  }
}

function isTimeFirst({ shape, isTokens }: GraphInput): boolean {
  return shape.length >= 3 || (isTokens && shape.length === 2);
}

function inputValue(input: GraphInput, x: Tensor, lengths: Lengths | null): Value {
  if (!isTimeFirst(input)) return Value.of(x);
  const [steps, batch] = x.shape as [number, number];
  const checked = checkLengths('KerasModel.forward', lengths, steps, batch);
  return Value.ofTime(x, checked && maskOf(x.backend, checked, steps));
}

/** A mask that is written to the device when a layer needs it. */
function maskOf(backend: Backend, lengths: Int32Array, steps: number): Mask {
  let made: Tensor | null = null;
  return {
    lengths,
    get tensor() {
      return (made ??= tensor(
        backend,
        Uint32Array.from({ length: lengths.length * steps }, (_, n) =>
          n % steps < lengths[Math.floor(n / steps)]! ? 1 : 0,
        ),
        { shape: [lengths.length, steps] },
      ));
    },
  };
}
