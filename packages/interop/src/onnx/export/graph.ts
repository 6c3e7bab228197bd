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

/** A value that flows through a graph, known by its name. */
export interface OnnxValue {
  readonly name: string;
  readonly dtype: OnnxElementType;
  /** The axes; the lengths of most are not known before the model runs. */
  readonly rank: number;
}

/** What a loop carries from step to step, and what it gives out at each. */
export interface OnnxStep {
  readonly state: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Makes an initialiser of the contents of parameters, once they have been read from their backend. */
interface PendingParameter {
  readonly name: string;
  readonly tensors: readonly Tensor[];
  readonly shape: readonly number[];
  readonly arrange: (contents: readonly Float32Array[]) => Float32Array;
}

/** The version of the operator set that is written: the first with LayerNormalization. */
const opset = 17;
/** The version of the file format that belongs to it. */
const irVersion = 8n;

/** An ONNX graph in the making. Values are handed from call to call; `exportOnnxGraph` turns it into a file. */
export class OnnxGraph {
  #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #pending: PendingParameter[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #names = new Set<string>();
  /** The last number given to each stem of a name. */
  readonly #counts = new Map<string, number>();

  /** A value that is given when the model runs; an axis with a name, such as 'T', has any length. */
  input(name: string, dtype: OnnxElementType, shape: readonly OnnxDimension[]): OnnxValue {
    this.#claim(name);
    this.#inputs.push(describe(name, dtype, shape));
    return { name, dtype, rank: shape.length };
  }

  /** Names a value as a result of the model. `shape` may name the axes. */
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
   * Adds a node and gives its outputs.
   *
   * @param inputs null for an optional input that is left out
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

  /** A node with one output. */
  one(
    opType: string,
    inputs: readonly (OnnxValue | null)[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
    result: Pick<OnnxValue, 'dtype' | 'rank'>,
  ): OnnxValue {
    return this.node(opType, inputs, attributes, [result])[0];
  }

  /**
   * A loop over time: ONNX's Scan. What the body makes stays in it, and it may read every value made before the loop.
   *
   * @param state what is carried from step to step, before the first
   * @param sequences `[T, …]` each; the body is given one row of each, `[…]`
   * @param body gives the state after a step, as many parts as came in, and a row of each output
   * @param options.reverse from the last row to the first; outputs stand where their rows stood
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
          `[onnx] the body of a loop was given a state of ${state.length} parts and gives back ${made.state.length}`,
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

  /** Whole numbers that are known now; a scalar where `values` is a number. */
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

  /** Floats that are known now. */
  floats(values: Float32Array, shape: readonly number[]): OnnxValue {
    const name = this.#fresh('constant');
    this.#initializers.push(floatInitializer(name, values, shape));
    return { name, dtype: 'f32', rank: shape.length };
  }

  /**
   * The contents of parameters, read when the graph is finished.
   *
   * @param arrange from the contents of each tensor to those of the initialiser, of this shape
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

  /** The file, little-endian. */
  async finish(name: string): Promise<Uint8Array> {
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
        `[onnx] expected a name of its own for a value, got '${name}'; every input and output needs one`,
      );
    this.#names.add(name);
  }

  /** A name with a number behind it, such as tanh_1: the plain words stay free for inputs and outputs. */
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
 * Writes a graph of any number of inputs and outputs, built by hand from layers and nodes.
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
export async function exportOnnxGraph(build: (graph: OnnxGraph) => void, name = 'model'): Promise<Uint8Array> {
  checkValue('exportOnnxGraph', 'build', build, is.function);
  checkValue('exportOnnxGraph', 'name', name, is.string);
  const graph = new OnnxGraph();
  build(graph);
  return graph.finish(name);
}
