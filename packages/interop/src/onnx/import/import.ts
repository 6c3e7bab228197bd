import { ArgumentError, tensor, Tensor, tidy, type Backend } from '@timestep/core';
import { Module, Parameter, type Slot } from '@timestep/layers';
import { ensure } from '../../errors.ts';
import type { GraphProto, ValueInfoProto } from '../proto/onnx.generated.ts';
import type { OnnxDimension } from '../types.ts';
import { readConstant, type Constant } from './constant.ts';
import { OnnxConvolution } from './convolution.ts';
import { decodeModel } from './decode.ts';
import { OnnxNode } from './node.ts';
import { isVariadic, operators, requiredInputs } from './operators.ts';
import { OnnxRecurrent } from './recurrent.ts';
import { HostIntegers, type Value } from './value.ts';

/** An input or output of an imported model. */
export interface OnnxPort {
  readonly name: string;
  /** Numbers for axes of a fixed length, names or '' for free ones; null where the file says nothing. */
  readonly shape: readonly OnnxDimension[] | null;
}

/** The operator sets whose meaning is known. */
const [oldestOpset, newestOpset] = [7, 22];

/** Nodes with weights: they become layers. */
const layered = { LSTM: OnnxRecurrent, GRU: OnnxRecurrent, RNN: OnnxRecurrent, Conv: OnnxConvolution } as const;

/** What `forward` takes for each input: a tensor, or whole numbers such as lengths as a list. */
export type OnnxFeed = Tensor | readonly number[] | Int32Array;

/**
 * A model read from an ONNX file. Its recurrent operators are cells of ours and its float weights are parameters, so it
 * can be trained on, moved and saved like any other module.
 */
export class OnnxModel extends Module {
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly #nodes: readonly OnnxNode[];
  readonly #layers = new Map<OnnxNode, OnnxRecurrent | OnnxConvolution>();
  readonly #weights = new Map<string, Tensor>();
  readonly #integers = new Map<string, HostIntegers>();
  readonly #backend: Backend;

  constructor(graph: GraphProto, backend: Backend) {
    super();
    this.#backend = backend;
    const constants = new Map(
      graph.initializer.map((proto) => [proto.name, readConstant(`initialiser '${proto.name}'`, proto)]),
    );
    this.#nodes = graph.node.map((proto, place) => new OnnxNode(proto, place));
    this.inputs = graph.input.filter(({ name }) => !constants.has(name)).map(portOf);
    this.outputs = graph.output.map(portOf);
    checkOrder(this.#nodes, [...constants.keys(), ...this.inputs.map(({ name }) => name)], this.outputs);
    try {
      this.#makeLayers(constants);
      this.#makeWeights(constants);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** The layers, as `recurrent.0`, and the other weights under the names of the file. */
  override slots(): Slot[] {
    const layers = [...this.#layers].map(([node, value]) => ({
      name: `${node.opType.toLowerCase()}.${this.#nodes.indexOf(node)}`,
      value,
    }));
    const weights = [...this.#weights].map(([name, value]) => ({
      name,
      value,
      replace: (fresh: Tensor) => void this.#weights.set(name, fresh),
    }));
    return [...layers, ...weights];
  }

  /**
   * Runs the model.
   *
   * @param feeds every input by its name
   * @returns every output by its name
   * @throws ArgumentError for a missing or unknown input, and whatever the operations find wrong with a shape
   */
  forward(feeds: Readonly<Record<string, OnnxFeed>>): Record<string, Tensor> {
    const given = new Map(Object.entries(feeds));
    const names = this.inputs.map(({ name }) => name);
    const missing = names.filter((name) => !given.has(name));
    const unknown = [...given.keys()].filter((name) => !names.includes(name));
    if (missing.length + unknown.length > 0)
      throw new ArgumentError(
        `[onnx] expected the inputs ${names.join(', ')}, got ${[...given.keys()].join(', ') || 'none'}; pass each by its name`,
      );
    return tidy(this.#backend, () => {
      const values = new Map<string, Value>([...this.#weights, ...this.#integers]);
      for (const [name, feed] of given)
        values.set(name, feed instanceof Tensor ? feed : new HostIntegers([feed.length], [...feed]));
      for (const node of this.#nodes) this.#run(node, values);
      const results = this.outputs.map(({ name }) => [name, this.#outputOf(values.get(name)!)] as const);
      return Object.fromEntries(results);
    });
  }

  #run(node: OnnxNode, values: Map<string, Value>): void {
    const inputs = node.inputs.map((name) => (name === '' ? null : (values.get(name) ?? null)));
    const layer = this.#layers.get(node);
    // A layer has taken its weights in, and checks the rest itself.
    const needed = layer ? 0 : isVariadic(node.opType) ? inputs.length : requiredInputs(node.opType);
    ensure(
      !inputs.slice(0, needed).includes(null),
      'MALFORMED_FILE',
      () => `[onnx] ${node.where} lacks an input that an operator before it should have made`,
    );
    const results = layer ? layer.run(inputs) : operators.get(node.opType)!({ node, backend: this.#backend }, inputs);
    node.outputs.forEach((name, k) => {
      const value = results[k];
      if (name !== '' && value) values.set(name, value);
    });
  }

  #outputOf(value: Value): Tensor {
    return value instanceof Tensor ? value : tensor(this.#backend, Int32Array.from(value.data), { shape: value.shape });
  }

  #makeLayers(constants: ReadonlyMap<string, Constant>): void {
    for (const node of this.#nodes) {
      const kind = layered[node.opType as keyof typeof layered] as (typeof layered)[keyof typeof layered] | undefined;
      const known = Object.hasOwn(layered, node.opType) || operators.has(node.opType);
      ensure(known, 'UNSUPPORTED_MODEL', () => `[onnx] ${node.where} is an operator that cannot be read`);
      if (kind && Object.hasOwn(layered, node.opType))
        this.#layers.set(
          node,
          new kind(node, (input) => constants.get(node.inputs[input] ?? '') ?? null, this.#backend),
        );
    }
  }

  /** Initialisers that a node reads at run time; those of layers have been taken in. */
  #makeWeights(constants: ReadonlyMap<string, Constant>): void {
    const taken = (node: OnnxNode, input: number) =>
      this.#layers.has(node) && (node.opType === 'Conv' ? [1, 2] : [1, 2, 3, 7]).includes(input);
    const used = new Set(this.#nodes.flatMap((node) => node.inputs.filter((_, input) => !taken(node, input))));
    for (const { name } of this.outputs) used.add(name);
    for (const [name, constant] of constants) {
      if (!used.has(name)) continue;
      const { shape } = constant;
      if (constant.kind === 'integer') this.#integers.set(name, new HostIntegers(shape, [...constant.data]));
      // A single number is a constant of the computation; what is trained comes in vectors and matrices.
      else if (constant.data.length > 1) this.#weights.set(name, new Parameter(this.#backend, shape, constant.data));
      else this.#weights.set(name, unowned(tensor(this.#backend, constant.data, { shape })));
    }
  }
}

/** A buffer that outlives the scope in which the model is made. */
function unowned(buffer: Tensor): Tensor {
  buffer.owner?.release(buffer);
  return buffer;
}

/**
 * Reads an ONNX model: LSTM, GRU, RNN, Conv over one axis, Gemm, MatMul, LayerNormalization, softmax, and the operators
 * of shapes and elements that exporters put around them. Weights are in float32.
 *
 * @throws InteropError `MALFORMED_FILE` or `READ_LIMIT` for a damaged file, `UNSUPPORTED_MODEL` for an operator or an
 * option without a
 *   counterpart, which the message names
 * @example
 * const model = importOnnx(await readFile('model.onnx'), { backend });
 * const { output } = model.forward({ x, lengths: [12, 9] });
 */
export function importOnnx(file: Uint8Array, options: { readonly backend: Backend }): OnnxModel {
  const { graph, opsetImport } = decodeModel(file);
  ensure(graph !== undefined, 'MALFORMED_FILE', () => '[onnx] the file holds no graph; it is no ONNX model');
  const opset = Number(opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0);
  ensure(
    opset >= oldestOpset && opset <= newestOpset,
    'UNSUPPORTED_MODEL',
    () => `[onnx] the model is of operator set ${opset}; ${oldestOpset} to ${newestOpset} can be read`,
  );
  return new OnnxModel(graph, options.backend);
}

function portOf({ name, type }: ValueInfoProto): OnnxPort {
  const shape =
    type?.tensorType?.shape?.dim.map(({ value }) =>
      value.case === 'dimValue' ? Number(value.value) : (value.value ?? ''),
    ) ?? null;
  return { name, shape };
}

/** Every value is made before it is read, and only once; every operator has the inputs that it needs. */
function checkOrder(nodes: readonly OnnxNode[], given: readonly string[], outputs: readonly OnnxPort[]): void {
  const known = new Set(given);
  for (const node of nodes) {
    const missing = node.inputs.find((name) => name !== '' && !known.has(name));
    ensure(
      missing === undefined,
      'MALFORMED_FILE',
      () => `[onnx] ${node.where} reads '${missing}', which nothing before it makes`,
    );
    const needed = requiredInputs(node.opType);
    const lacking = Array.from({ length: needed }, (_, k) => node.inputs[k]).some(
      (name) => name === undefined || name === '',
    );
    ensure(
      !lacking,
      'MALFORMED_FILE',
      () => `[onnx] ${node.where} has the inputs ${JSON.stringify(node.inputs)}, and needs ${needed}`,
    );
    for (const name of node.outputs) {
      ensure(
        name === '' || !known.has(name),
        'MALFORMED_FILE',
        () => `[onnx] ${node.where} makes '${name}' a second time`,
      );
      known.add(name);
    }
  }
  const lost = outputs.find(({ name }) => !known.has(name));
  ensure(lost === undefined, 'MALFORMED_FILE', () => `[onnx] nothing makes the output '${lost!.name}'`);
}
