import { ArgumentError, reshape, tensor, Tensor, tidy, type Backend } from '@timestep/core';
import { unowned } from '@timestep/core/extend';
import { Module, Parameter, type Slot } from '@timestep/layers';
import type { GraphProto } from '../proto/onnx.generated.ts';
import { portOf, valueOf, type OnnxFeed, type OnnxPort, type Port } from './feed.ts';
import { Program, type FileContext, type Step } from './program.ts';
import { isCell, OnnxRecurrent } from './recurrent.ts';
import { DeviceValue, onDevice, type HostValue, type Value } from './value.ts';

/** The maximum number of nodes that one call of `forward` runs. Nodes in a loop count once per iteration. */
const maxNodes = 1_000_000;

/**
 * A model from an ONNX file. Its recurrent operators are cells of `@timestep/layers` and its float weights are parameters,
 * so you can train, move and save it like any other module.
 *
 * @throws ArgumentError or InteropError from `forward`
 * @example
 * const model = importOnnx(await readFile('model.onnx'), { backend });
 * const { output } = model.forward({ x });
 */
export class OnnxModel extends Module {
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly #ports: readonly Port[];
  readonly #program: Program;
  readonly #programs: readonly Program[];
  #backend: Backend;

  /** Use `importOnnx`. */
  constructor(graph: GraphProto, context: FileContext, backend: Backend) {
    super();
    this.#backend = backend;
    this.#program = new Program(graph, context);
    const names = new Set(this.#program.inputs);
    this.#ports = graph.input.filter(({ name }) => names.has(name)).map(portOf);
    this.inputs = this.#ports.map(({ name, shape }) => ({ name, shape }));
    this.outputs = graph.output.map(portOf).map(({ name, shape }) => ({ name, shape }));
    this.#programs = this.#program.programs();
    try {
      for (const program of this.#programs) this.#makeLayers(program);
      this.#program.prune();
      for (const program of this.#programs) this.#makeWeights(program);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** The layers, with names like `lstm.0`, and the other weights, with their names in the file. */
  override slots(): Slot[] {
    return this.#programs.flatMap(({ path, layers, tensors }) => [
      ...[...layers].map(([{ node }, value]) => ({ name: `${path}${node.opType.toLowerCase()}.${node.place}`, value })),
      ...[...tensors].map(([name, { type, tensor: value }]) => ({
        name: `${path}${name}`,
        value,
        replace: (fresh: Tensor) => void tensors.set(name, new DeviceValue(type, fresh)),
      })),
    ]);
  }

  override async to(backend: Backend): Promise<this> {
    await super.to(backend);
    this.#backend = backend;
    return this;
  }

  /**
   * Runs the model.
   *
   * @param feeds every input by name: a tensor, or numbers on the host
   * @returns every output by name: floats as f32, integers as i32 or u32, booleans as u32
   * @throws ArgumentError for a missing or unknown input, or one of another type or shape
   * @throws InteropError if a node gets wrong values; the message names the node
   */
  forward(feeds: Readonly<Record<string, OnnxFeed>>): Record<string, Tensor> {
    const given: unknown = feeds;
    if (typeof given !== 'object' || given === null)
      throw new ArgumentError(`[onnx] expected the inputs by their names, { ${this.#names()} }, got ${String(given)}`);
    const unknown = Object.keys(feeds).filter((name) => !this.#ports.some((port) => port.name === name));
    const missing = this.#ports.filter(({ name }) => !Object.hasOwn(feeds, name));
    if (missing.length + unknown.length > 0)
      throw new ArgumentError(
        `[onnx] expected the inputs ${this.#names()}, got ${Object.keys(feeds).join(', ') || 'none'}; pass each by its name`,
      );
    return tidy(this.#backend, () => {
      const inputs = this.#ports.map((port) => valueOf(port, feeds[port.name]!));
      const results = this.#program.run(inputs, null, this.#backend, { nodes: maxNodes });
      const taken = new Set<Tensor>([
        ...this.#owned(),
        ...Object.values(feeds).filter((feed) => feed instanceof Tensor),
      ]);
      return Object.fromEntries(this.outputs.map(({ name }, k) => [name, this.#outputOf(name, results[k]!, taken)]));
    });
  }

  #names(): string {
    return this.#ports.map(({ name }) => name).join(', ');
  }

  #owned(): Tensor[] {
    return this.#programs.flatMap(({ tensors }) => [...tensors.values()].map((value) => value.tensor));
  }

  /** Returns a separate tensor that the caller may dispose: not an input, a weight or another output. */
  #outputOf(name: string, value: Value, taken: Set<Tensor>): Tensor {
    const made = onDevice(`the output '${name}'`, this.#backend, value);
    const own = taken.has(made) ? reshape(made, made.shape) : made;
    taken.add(own);
    return own;
  }

  #makeLayers(program: Program): void {
    for (const step of program.steps) {
      if (!['LSTM', 'GRU', 'RNN'].includes(step.node.opType)) continue;
      const constantOf = rememberedConstants(program, step);
      if (isCell(step.node, constantOf))
        program.layers.set(step, new OnnxRecurrent(step.node, constantOf, this.#backend));
    }
  }

  /** Makes parameters of the weights that nodes read at run time, and buffers of the other values. */
  #makeWeights(program: Program): void {
    for (const [name, { type, shape, data }] of program.weights) {
      const value = this.#isStatistic(program, name)
        ? unowned(tensor(this.#backend, Float32Array.from(data), { shape }))
        : new Parameter(this.#backend, shape, data instanceof Float32Array ? data : Float32Array.from(data));
      program.tensors.set(name, new DeviceValue(type, value));
    }
    // Their numbers are on the backend now.
    program.weights.clear();
  }

  #isStatistic(program: Program, name: string): boolean {
    const uses = program.steps.flatMap(({ node, operator }) =>
      node.inputs.flatMap((input, k) => (input === name ? [operator.statistics?.includes(k) ?? false] : [])),
    );
    return uses.length > 0 && uses.every(Boolean);
  }
}

/** The constants of a recurrent operator; each is computed once. */
function rememberedConstants(program: Program, { node }: Step): (input: number) => HostValue | null {
  const known = new Map<number, HostValue | null>();
  return (input) => {
    const name = node.inputs[input] ?? '';
    if (!known.has(input)) known.set(input, name === '' ? null : program.constant(name));
    return known.get(input)!;
  };
}
