import { ArgumentError, checkOptions, is, ShapeError, Tensor, tensor, tidy, type Backend } from '@timestep/core';
import { checkLengths, show, unowned } from '@timestep/core/extend';
import { Module, type Lengths, type LengthsOption, type Slot } from '@timestep/layers';
import type { Graph, GraphInput } from './graph.ts';
import { Value, type Mask } from './value.ts';

/** What a model reads: one tensor, several in the order of its inputs, or several by name. */
export type KerasInputs = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

/** An input of a model. */
export interface KerasPort {
  readonly name: string;
  /** Its axes as they are given here; null for a length that is free. */
  readonly shape: readonly (number | null)[];
  /** Whether the time comes first here and the batch second, the other way round than in Keras. */
  readonly timeFirst: boolean;
}

const optionRules = { lengths: is.nullable(is.arrayOf(is.integer(0))) };

/**
 * A model read from a `.keras` file. Its layers are trainable like those of any other module.
 *
 * Time comes first here, as everywhere but in Keras: a tensor of three or more axes, and tokens, are `[T, N, …]` where
 * Keras has `[N, T, …]`, in inputs and in outputs. Those of one or two axes are as Keras has them.
 *
 * A model with a Masking layer or an Embedding with `mask_zero` finds its mask in the data, as Keras does, wherever the
 * holes are: a masked step leaves the state as it was. With `lengths` the mask is what they say, whatever the data are:
 * steps past a length come out of a recurrent layer as 0 (where Keras repeats the step before), and the fused paths of
 * the backend are used.
 *
 * @example
 * const logits = model.forward(x);
 * const { mean, spread } = model.forwardAll({ words, tags }, { lengths });
 */
export class KerasModel extends Module {
  readonly inputs: readonly KerasPort[];
  /** The names of the outputs, in Keras's order. */
  readonly outputs: readonly string[];
  /** Whether a layer makes a mask from the data: Masking, or an Embedding with `mask_zero`. */
  readonly masked: boolean;
  /** What training in Keras does and this model doesn't: noise, dropout inside cells, moving statistics. */
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

  /** The layers under Keras's names of their places: `lstm`, `dense_1`. */
  override slots(): Slot[] {
    return this.#graph.module.slots();
  }

  /**
   * The output of a model that has one.
   *
   * @param x `[T, N, D]`, tokens `[T, N]`, or several by name or in order
   * @param options.lengths `[N]`, the steps of each sequence; null where every step counts
   * @returns `[T, N, P]` where Keras's is `[N, T, P]`, and `[N, P]` where only the last step is returned
   * @throws ArgumentError, ShapeError for other inputs than the model has, and for a model with several outputs
   */
  forward(x: KerasInputs, options: LengthsOption = {}): Tensor {
    const names = this.outputs;
    if (names.length !== 1)
      throw new ArgumentError(`[keras] the model has the outputs ${names.join(', ')}; call forwardAll`);
    return this.forwardAll(x, options)[names[0]!]!;
  }

  /**
   * Every output by its name: that of its layer, with `:1`, `:2` behind it where a layer has several.
   *
   * @param inputs as for {@link forward}
   * @throws ArgumentError, ShapeError
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

  /** Stateful layers begin with zeros again. */
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

/** A mask that is written to the device where a layer asks for it. */
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
