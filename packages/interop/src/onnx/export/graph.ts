import { create, toBinary } from '@bufbuild/protobuf';
import { ArgumentError, checkValue, is, type Tensor } from '@timestep/core';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../proto/onnx.generated.ts';
import { elementTypes, type OnnxDimension, type OnnxElementType } from '../types.ts';
import { attributeOf, describe, floatInitializer, readAll, type OnnxAttribute } from './protos.ts';

/** A value of a graph, identified by its name. */
export interface OnnxValue {
  readonly name: string;
  readonly dtype: OnnxElementType;
  /** The number of axes. The length of most axes is only known when the model runs. */
  readonly rank: number;
}

/** The state that a loop passes from step to step, and the outputs of a step. */
export interface OnnxStep {
  readonly state: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Makes an initialiser from parameters, after their contents have been read from the backend. */
interface PendingParameter {
  readonly name: string;
  readonly tensors: readonly Tensor[];
  readonly shape: readonly number[];
  readonly arrange: (contents: readonly Float32Array[]) => Float32Array;
}

/** The version of the operator set: the first one with LayerNormalization. */
const opset = 17;
/** The version of the file format for it. */
const irVersion = 8n;

/**
 * A builder for an ONNX graph. Its methods take and return values; `exportOnnxGraph` writes the graph to a file.
 *
 * @throws ArgumentError from its methods, for wrong names and ranks
 * @example
 * const bytes = await exportOnnxGraph((graph) => {
 *   const x = graph.input('x', 'f32', ['T', 'N', 8]);
 *   graph.output('y', graph.one('Tanh', [x], {}, x));
 * });
 */
export class OnnxGraph {
  #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #pending: PendingParameter[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #names = new Set<string>();
  /** The last number used for each stem of a name. */
  readonly #counts = new Map<string, number>();

  /** Adds an input. An axis with a name, such as 'T', may have any length. */
  input(name: string, dtype: OnnxElementType, shape: readonly OnnxDimension[]): OnnxValue {
    this.#claim(name);
    this.#inputs.push(describe(name, dtype, shape));
    return { name, dtype, rank: shape.length };
  }

  /** Adds an output. `shape` may name the axes. */
  output(
    name: string,
    value: OnnxValue,
    shape: readonly OnnxDimension[] = Array.from({ length: value.rank }, (_, axis) => `${name}_${axis}`),
  ): void {
    this.#claim(name);
    if (shape.length !== value.rank)
      throw new ArgumentError(`[onnx] output '${name}' has ${value.rank} axes, got a shape of ${shape.length}`);
    this.#nodes.push(
      create(NodeProtoSchema, { name: `${name}_node`, opType: 'Identity', input: [value.name], output: [name] }),
    );
    this.#outputs.push(describe(name, value.dtype, shape));
  }

  /**
   * Adds a node and returns its outputs.
   *
   * @param inputs the inputs; null for an optional input that is left out
   * @param results the type and rank of every output
   */
  node<const Results extends readonly Pick<OnnxValue, 'dtype' | 'rank'>[]>(
    opType: string,
    inputs: readonly (OnnxValue | null)[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
    results: Results,
  ): { [K in keyof Results]: OnnxValue } {
    const outputs = results.map((result) => ({ ...result, name: this.#fresh(opType.toLowerCase()) }));
    const input = inputs.map((value) => value?.name ?? '');
    while (input.at(-1) === '') input.pop();
    const attribute = Object.entries(attributes).map(([name, value]) => attributeOf(name, value));
    this.#nodes.push(
      create(NodeProtoSchema, {
        name: `${outputs[0]!.name}_node`,
        opType,
        input,
        output: outputs.map(({ name }) => name),
        attribute,
      }),
    );
    return outputs as { [K in keyof Results]: OnnxValue };
  }

  /** Adds a node with one output, and returns it. */
  one(
    opType: string,
    inputs: readonly (OnnxValue | null)[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
    result: Pick<OnnxValue, 'dtype' | 'rank'>,
  ): OnnxValue {
    return this.node(opType, inputs, attributes, [result])[0];
  }

  /**
   * Adds a loop over time, ONNX's Scan. The body may read every value from before the loop; its own values are not
   * visible outside.
   *
   * @param state the state before the first step
   * @param sequences the inputs, `[T, …]` each; the body gets one row of each, `[…]`
   * @param body returns the state after a step, with as many parts as before, and one row of each output
   * @param options.reverse runs from the last row to the first; each output row keeps the position of its input row
   * @returns the state after the last step and the outputs, `[T, …]` each
   */
  scan(
    state: readonly OnnxValue[],
    sequences: readonly OnnxValue[],
    body: (state: readonly OnnxValue[], rows: readonly OnnxValue[]) => OnnxStep,
    options: { readonly reverse?: boolean } = {},
  ): OnnxStep {
    const outside = this.#nodes;
    this.#nodes = [];
    try {
      const before = state.map((value) => ({ ...value, name: this.#fresh('before') }));
      const rows = sequences.map(({ dtype, rank }) => ({ dtype, rank: rank - 1, name: this.#fresh('row') }));
      const made = body(before, rows);
      if (made.state.length !== state.length)
        throw new ArgumentError(
          `[onnx] expected the body of a loop to return a state of ${state.length} parts, got ${made.state.length}`,
        );
      const results = [...made.state, ...made.outputs].map((value) => this.one('Identity', [value], {}, value));
      // ONNX Runtime wants the number of axes where it cannot tell it itself; their lengths may stay open.
      const describeAll = (values: readonly OnnxValue[]) =>
        values.map(({ name, dtype, rank }) => describe(name, dtype, new Array<string>(rank).fill('')));
      const proto = create(GraphProtoSchema, {
        name: this.#fresh('step'),
        node: this.#nodes,
        input: describeAll([...before, ...rows]),
        output: describeAll(results),
      });
      this.#nodes = outside;
      const direction = options.reverse ? 1 : 0;
      const attributes = {
        body: { graph: toBinary(GraphProtoSchema, proto) },
        num_scan_inputs: rows.length,
        scan_input_directions: rows.map(() => direction),
        scan_output_directions: made.outputs.map(() => direction),
      };
      const after = this.node(
        'Scan',
        [...state, ...sequences],
        attributes,
        [...made.state, ...made.outputs.map(({ dtype, rank }) => ({ dtype, rank: rank + 1 }))].map(
          ({ dtype, rank }) => ({ dtype, rank }),
        ),
      );
      return { state: after.slice(0, state.length), outputs: after.slice(state.length) };
    } finally {
      this.#nodes = outside;
    }
  }

  /** Adds constant integers; a scalar if `values` is a number. */
  integers(values: number | readonly number[]): OnnxValue {
    const list = typeof values === 'number' ? [values] : values;
    const name = this.#fresh('constant');
    const rank = typeof values === 'number' ? 0 : 1;
    const rawData = new Uint8Array(BigInt64Array.from(list, BigInt).buffer);
    this.#initializers.push(
      create(TensorProtoSchema, {
        name,
        dataType: elementTypes.i64,
        dims: rank === 0 ? [] : [BigInt(list.length)],
        rawData,
      }),
    );
    return { name, dtype: 'i64', rank };
  }

  /** Adds constant floats. */
  floats(values: Float32Array, shape: readonly number[]): OnnxValue {
    const name = this.#fresh('constant');
    this.#initializers.push(floatInitializer(name, values, shape));
    return { name, dtype: 'f32', rank: shape.length };
  }

  /**
   * Adds the contents of parameters as an initialiser. They are read when the graph is finished.
   *
   * @param arrange converts the contents of the tensors to those of the initialiser, which has this shape
   */
  parameter(
    name: string,
    tensors: readonly Tensor[],
    shape: readonly number[],
    arrange: (contents: readonly Float32Array[]) => Float32Array,
  ): OnnxValue {
    const unique = this.#fresh(name);
    this.#pending.push({ name: unique, tensors, shape, arrange });
    return { name: unique, dtype: 'f32', rank: shape.length };
  }

  /** Returns the file, little-endian. */
  async finish(name: string): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#outputs.length === 0)
      throw new ArgumentError("[onnx] the graph has no output; name one with graph.output('name', value)");
    const parameters = await Promise.all(
      this.#pending.map(async ({ name: unique, tensors, shape, arrange }) => {
        const contents = await readAll(tensors);
        return floatInitializer(unique, arrange(contents), shape);
      }),
    );
    const model = create(ModelProtoSchema, {
      irVersion,
      producerName: 'timestep',
      opsetImport: [{ domain: '', version: BigInt(opset) }],
      graph: {
        name,
        node: this.#nodes,
        initializer: [...this.#initializers, ...parameters],
        input: this.#inputs,
        output: this.#outputs,
      },
    });
    return toBinary(ModelProtoSchema, model);
  }

  #claim(name: string): void {
    if (name === '' || this.#names.has(name))
      throw new ArgumentError(
        `[onnx] expected a unique name for a value, got '${name}'; every input and output needs one`,
      );
    this.#names.add(name);
  }

  /** Makes a name with a number, such as tanh_1, so that names without a number stay free for inputs and outputs. */
  #fresh(stem: string): string {
    for (let n = (this.#counts.get(stem) ?? 0) + 1; ; n++) {
      const name = `${stem}_${n}`;
      if (this.#names.has(name)) continue;
      this.#counts.set(stem, n);
      this.#names.add(name);
      return name;
    }
  }
}

/**
 * Writes a graph with any inputs and outputs, which you build from layers and nodes.
 *
 * @example
 * const bytes = await exportOnnxGraph((graph) => {
 *   const x = graph.input('x', 'f32', ['T', 'N', 40]);
 *   const h = graph.input('h', 'f32', [1, 'N', 64]);
 *   const { output, state } = exportLayer(graph, gru, x, { state: { h } });
 *   graph.output('logits', exportLayer(graph, head, output).output);
 *   graph.output('h_next', state.h);
 * });
 */
export async function exportOnnxGraph(
  build: (graph: OnnxGraph) => void,
  name = 'model',
): Promise<Uint8Array<ArrayBuffer>> {
  checkValue('exportOnnxGraph', 'build', build, is.function);
  checkValue('exportOnnxGraph', 'name', name, is.string);
  const graph = new OnnxGraph();
  build(graph);
  return graph.finish(name);
}
