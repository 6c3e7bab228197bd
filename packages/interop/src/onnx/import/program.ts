import { ArgumentError, DTypeError, openScope, ShapeError, type Backend } from '@timestep/core';
import { ensure, InteropError } from '../../errors.ts';
import type { GraphProto } from '../proto/onnx.generated.ts';
import { readConstant } from './constant.ts';
import type { Decoder } from './decode.ts';
import { isFloat } from './element-type.ts';
import { Environment } from './environment.ts';
import type { ExternalData } from './external-data.ts';
import type { OnnxNode } from './node.ts';
import { Call, NeedsBackend, type Operator, type Subgraph } from './operator.ts';
import { readNode } from './read-node.ts';
import { cellInputs, type OnnxRecurrent } from './recurrent.ts';
import { isHost, type DeviceValue, type HostValue, type Value } from './value.ts';

/** The data that all graphs of a file share. */
export interface FileContext {
  readonly opset: number;
  readonly decoder: Decoder;
  readonly external: ExternalData;
}

/** A node with its operator and the graphs inside it. */
export interface Step {
  readonly node: OnnxNode;
  readonly operator: Operator;
  readonly graphs: Readonly<Record<string, Program>>;
}

/** Counts the nodes of a run, so that nested loops of a damaged file end. */
export interface Budget {
  nodes: number;
}

/**
 * A graph that is ready to run: its nodes are checked, constants are computed, and unused nodes are removed. The graphs
 * inside its nodes are programs too.
 */
export class Program {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The path of the graph in the model, such as `scan.3.body.`; '' for the outermost graph. */
  readonly path: string;
  readonly outer: Program | null;
  /** Numbers that are not trained: constants, and values computed only from constants. */
  readonly constants = new Map<string, HostValue>();
  /** The weights of the file, which become parameters. */
  readonly weights = new Map<string, HostValue>();
  /** The parameters and buffers, after the model has created them. */
  readonly tensors = new Map<string, DeviceValue>();
  readonly layers = new Map<Step, OnnxRecurrent>();
  /** The needed nodes, in the order of the file. */
  steps: readonly Step[];
  readonly #context: FileContext;
  readonly #producers = new Map<string, Step>();

  /** @param known names of values from the graphs around this one */
  constructor(
    proto: GraphProto,
    context: FileContext,
    outer: Program | null = null,
    path = '',
    known: ReadonlySet<string> = new Set(),
    depth = 0,
  ) {
    this.#context = context;
    this.outer = outer;
    this.path = path;
    ensure(
      proto.sparseInitializer.length === 0,
      'UNSUPPORTED_MODEL',
      () => '[onnx] the file has sparse initialisers; only dense ones can be read',
    );
    for (const initializer of proto.initializer) this.#initialise(initializer);
    this.inputs = proto.input
      .map(({ name }) => name)
      .filter((name) => !this.constants.has(name) && !this.weights.has(name));
    this.outputs = proto.output.map(({ name }) => name);
    const made = new Set([...known, ...this.constants.keys(), ...this.weights.keys(), ...this.inputs]);
    this.steps = proto.node.map((nodeProto, place) => {
      const { node, operator } = readNode(nodeProto, place, context.opset, context.external);
      const missing = node.inputs.find((name) => name !== '' && !made.has(name));
      ensure(
        missing === undefined,
        'MALFORMED_FILE',
        () => `[onnx] ${node.where} reads '${missing}', which nothing before it makes`,
      );
      const graphs = (operator.graphs ?? []).map((name) => {
        const inner = `${path}${node.opType.toLowerCase()}.${place}.${name}.`;
        return [
          name,
          new Program(context.decoder.graph(node.graph(name), depth + 1), context, this, inner, made, depth + 1),
        ] as const;
      });
      const step: Step = { node, operator, graphs: Object.fromEntries(graphs) };
      for (const name of node.outputs) {
        ensure(
          name === '' || !made.has(name) || (known.has(name) && !this.#producers.has(name)),
          'MALFORMED_FILE',
          () => `[onnx] ${node.where} makes '${name}' a second time`,
        );
        if (name === '') continue;
        made.add(name);
        this.#producers.set(name, step);
      }
      this.#fold(step);
      return step;
    });
    const lost = this.outputs.find((name) => !made.has(name));
    ensure(lost === undefined, 'MALFORMED_FILE', () => `[onnx] nothing makes the output '${lost}'`);
  }

  #initialise(proto: GraphProto['initializer'][number]): void {
    const value = readConstant(`initialiser '${proto.name}'`, proto, this.#context.external);
    // A single number is a constant. Trained weights are vectors and matrices.
    const trained = isFloat(value.type) && value.data.length > 1;
    (trained ? this.weights : this.constants).set(proto.name, value);
  }

  /** This program and all programs inside it, outermost first. */
  programs(): Program[] {
    return [this, ...this.steps.flatMap(({ graphs }) => Object.values(graphs).flatMap((inner) => inner.programs()))];
  }

  /** Computes a node with constant inputs, so that sizes and axes are known before the model runs. */
  #fold(step: Step): void {
    const inputs = step.node.inputs.map((name) => (name === '' ? null : (this.#constantHere(name) ?? undefined)));
    if (inputs.includes(undefined)) return;
    this.#compute(step, inputs as (HostValue | null)[])?.forEach((value, k) => {
      const name = step.node.outputs[k] ?? '';
      if (value && name !== '') this.constants.set(name, value);
    });
  }

  #constantHere(name: string): HostValue | undefined {
    if (this.#isOwn(name)) return this.constants.get(name);
    return this.outer ? this.outer.#constantHere(name) : undefined;
  }

  #isOwn(name: string): boolean {
    return (
      this.constants.has(name) || this.weights.has(name) || this.#producers.has(name) || this.inputs.includes(name)
    );
  }

  /** The outputs of a node on the host, or null if it cannot be computed there or would need too much memory. */
  #compute({ node, operator, graphs }: Step, inputs: readonly (HostValue | null)[]): (HostValue | null)[] | null {
    if (Object.keys(graphs).length > 0) return null;
    try {
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-assertion -- without it the type is inferred otherwise
      const results = [operator.run(new Call(node, this.#context.opset, inputs, null))].flat() as (Value | null)[];
      const fresh = results.filter((value): value is HostValue => isHost(value) && !inputs.includes(value));
      const bytes = fresh.reduce((sum, { data }) => sum + data.byteLength, 0);
      return results.every((value) => !value || isHost(value)) && this.#context.decoder.spend(bytes) ? results : null;
    } catch (error) {
      if (error instanceof NeedsBackend) return null;
      throw error;
    }
  }

  /**
   * A value of the file, or one computed only from values of the file, including weights: PyTorch concatenates, transposes
   * and copies weights before a recurrent operator reads them. Null for any other value.
   */
  constant(name: string): HostValue | null {
    if (!this.#isOwn(name)) return this.outer?.constant(name) ?? null;
    const stored = this.constants.get(name) ?? this.weights.get(name);
    if (stored) return stored;
    const needed = new Set<Step>();
    const list = [name];
    for (let next = list.pop(); next !== undefined; next = list.pop()) {
      const step = this.#producers.get(next);
      if (!step) {
        const elsewhere = !this.#isOwn(next) && this.outer?.constant(next);
        if (!elsewhere && !this.constants.has(next) && !this.weights.has(next)) return null;
      } else if (!needed.has(step) && !this.constants.has(next)) {
        needed.add(step);
        list.push(...step.node.inputs.filter((input) => input !== ''));
      }
    }
    const values = new Map<string, HostValue>();
    const read = (input: string) =>
      values.get(input) ?? this.constants.get(input) ?? this.weights.get(input) ?? this.outer?.constant(input) ?? null;
    for (const step of [...needed].sort((a, b) => a.node.place - b.node.place)) {
      const inputs = step.node.inputs.map((input) => (input === '' ? null : read(input)));
      const results = this.#compute(step, inputs);
      if (!results) return null;
      step.node.outputs.forEach((output, k) => results[k] && values.set(output, results[k]));
    }
    return values.get(name) ?? null;
  }

  /** Every name that a step reads when it runs, including those of its graphs. */
  reads(step: Step): string[] {
    const { node } = step;
    const own = node.inputs.filter((_, k) => !this.layers.has(step) || !cellInputs.includes(k));
    return [...own, ...Object.values(step.graphs).flatMap((inner) => inner.captured())].filter((name) => name !== '');
  }

  /** Names that this graph reads from the graphs around it. */
  captured(): string[] {
    const all = [...this.steps.flatMap((step) => this.reads(step)), ...this.outputs];
    return all.filter((name) => !this.#isOwn(name));
  }

  /** Removes steps that no output needs or that have been computed, in inner graphs first. */
  prune(): void {
    for (const { graphs } of this.steps) for (const inner of Object.values(graphs)) inner.prune();
    const needed = new Set(this.outputs);
    const kept: Step[] = [];
    for (const step of [...this.steps].reverse()) {
      const live = step.node.outputs.some((name) => needed.has(name) && !this.constants.has(name));
      if (!live) continue;
      kept.push(step);
      for (const name of this.reads(step)) needed.add(name);
    }
    this.steps = kept.reverse();
    const used = new Set([...this.steps.flatMap((step) => this.reads(step)), ...this.outputs]);
    for (const name of [...this.weights.keys()]) if (!used.has(name)) this.weights.delete(name);
  }

  /** Runs the program. */
  run(inputs: readonly Value[], outside: Environment | null, backend: Backend, budget: Budget): Value[] {
    const environment = new Environment(outside);
    for (const [name, value] of this.constants) environment.set(name, value);
    for (const [name, value] of this.tensors) environment.set(name, value);
    this.inputs.forEach((name, k) => inputs[k] && environment.set(name, inputs[k]));
    for (const step of this.steps) this.#runStep(step, environment, backend, budget);
    return this.outputs.map((name) => {
      const value = environment.get(name);
      ensure(value !== undefined, 'MALFORMED_FILE', () => `[onnx] the output '${name}' was not made`);
      return value;
    });
  }

  #runStep(step: Step, environment: Environment, backend: Backend, budget: Budget): void {
    const { node, operator } = step;
    ensure(
      budget.nodes-- > 0,
      'READ_LIMIT',
      () => '[onnx] the model runs more than a million nodes at once; the file is damaged, or its loops never end',
    );
    const graphs = Object.entries(step.graphs).map(([name, inner]): [string, Subgraph] => [
      name,
      (given) => inScope(backend, () => inner.run(given, environment, backend, budget)),
    ]);
    const inputs = node.inputs.map((name) => (name === '' ? null : (environment.get(name) ?? null)));
    const layer = this.layers.get(step);
    const lacking = node.inputs.find((name, k) => name !== '' && !inputs[k] && !(layer && cellInputs.includes(k)));
    ensure(
      lacking === undefined,
      'MALFORMED_FILE',
      () => `[onnx] ${node.where} lacks '${lacking}', an output of an earlier operator`,
    );
    ensure(
      operator.moves === true || !inputs.some((value) => value?.type === 'bf16'),
      'UNSUPPORTED_MODEL',
      () =>
        `[onnx] ${node.where} computes with bfloat16, which would give other results in float32; export the model as float32`,
    );
    const call = new Call(node, this.#context.opset, inputs, backend, Object.fromEntries(graphs));
    const results = named(node.where, () => (layer ? layer.run(call) : [operator.run(call)].flat()));
    node.outputs.forEach((name, k) => {
      const value = results[k];
      if (name !== '' && value) environment.set(name, value);
    });
  }
}

/** Disposes the tensors of one iteration of a loop, except its results. */
function inScope(backend: Backend, body: () => Value[]): Value[] {
  using scope = openScope(backend);
  const results = body();
  for (const value of results) if (!isHost(value)) scope.keep(value.tensor);
  return results;
}

/** Adds the name of the node to an error from an operation of core. */
function named<Result>(where: string, body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    if (error instanceof ArgumentError || error instanceof ShapeError || error instanceof DTypeError)
      throw new InteropError('INVALID_TENSOR', `[onnx] ${where}: ${error.message}`, { cause: error });
    throw error;
  }
}
