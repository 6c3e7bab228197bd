import type { State } from '@timestep/core';
import {
  Cell,
  ContinuousHopfield,
  Conv1d,
  ConvLSTM,
  Dropout,
  Embedding,
  FiniteImpulse,
  LanguageModel,
  LayerNorm,
  Linear,
  ManyToMany,
  ManyToOne,
  OneToOne,
  Recurrent,
  Module,
  Sequential,
  type Stage,
} from '@timestep/layers';
import { InteropError } from '../../errors.ts';
import { transposed } from '../gates.ts';
import { exportFunction } from './activation.ts';
import { exportCell, startOf } from './cell.ts';
import type { OnnxGraph, OnnxValue } from './graph.ts';
import { convolvedLengths, maskSteps } from './lengths.ts';
import { axesOf, concat, multiply, product, scalar, whole } from './parts.ts';
import { exportPool } from './pool.ts';
import { exportRecurrent, type OnnxRecurrence, type OnnxRecurrentInput } from './recurrent.ts';

/** Your own module with a method that exports it from its parts. */
export interface OnnxExportable {
  onnx(graph: OnnxGraph, x: OnnxValue, input: OnnxRecurrentInput): OnnxValue | OnnxRecurrence;
  /** Needed if the module changes the number of steps: adds its `outputLengths` to a graph, i32 `[N]`. */
  onnxLengths?(graph: OnnxGraph, lengths: OnnxValue): OnnxValue;
}

/** The result of a layer: its output, and the final state of a recurrent layer. */
export interface OnnxLayerResult {
  readonly output: OnnxValue;
  readonly state?: OnnxRecurrence['state'];
}

type Exporter = (graph: OnnxGraph, layer: Module, x: OnnxValue, input: OnnxRecurrentInput) => OnnxLayerResult | null;

/** Exports a class, and the subclasses that do not override `forward`. */
function of<Kind extends Module>(
  kind: abstract new (...given: never[]) => Kind,
  run: (graph: OnnxGraph, layer: Kind, x: OnnxValue, input: OnnxRecurrentInput) => OnnxLayerResult | OnnxValue,
): Exporter {
  return (graph, layer, x, input) => {
    if (!(layer instanceof kind) || Reflect.get(layer, 'forward') !== Reflect.get(kind.prototype as object, 'forward'))
      return null;
    return asResult(run(graph, layer, x, input));
  };
}

const exporters: readonly Exporter[] = [
  of(Sequential, exportSequential),
  of(ConvLSTM, exportConvLSTM),
  of(Recurrent<State>, (graph, layer, x, input) => exportRecurrent(graph, layer, x, input)),
  of(Linear, (graph, { weight, bias }, x) => product(graph, x, weight, bias)),
  of(Embedding, (graph, { weight }, x) =>
    graph.one('Gather', [whole(graph, 'embedding', weight), x], { axis: 0 }, { dtype: 'f32', rank: x.rank + 1 }),
  ),
  of(LayerNorm, exportLayerNorm),
  of(Conv1d, exportConv1d),
  of(Dropout, (_, __, x) => x),
  of(LanguageModel<State>, (graph, model, x, input) =>
    exportTagger(graph, model, exportLayer(graph, model.embedding, x).output, input),
  ),
  of(ManyToMany<State>, exportTagger),
  of(ManyToOne<State>, (graph, model, x, input) =>
    exportLayer(
      graph,
      model.head,
      exportPool(graph, model, exportLayer(graph, model.layer, x, input).output, input.lengths),
    ),
  ),
  of(OneToOne, (graph, model, x) =>
    exportLayer(graph, model.head, exportFunction(graph, model.activation, exportLayer(graph, model.hidden, x).output)),
  ),
  of(FiniteImpulse, exportFiniteImpulse),
  of(ContinuousHopfield, exportHopfield),
  of(Cell<State>, exportOneStep),
];

/**
 * Adds `layer.forward(x, { lengths, state })` in `eval()` mode to a graph. A cell computes one step, with x `[N, D]` and
 * each part of the state `[N, …]`.
 *
 * @returns the output, and the final state of a recurrent layer
 * @throws InteropError `UNSUPPORTED_MODEL` for a layer that cannot be exported
 * @example
 * const { output, state } = exportLayer(graph, lstm, x, { lengths });
 */
export function exportLayer(
  graph: OnnxGraph,
  layer: Stage | Module,
  x: OnnxValue,
  input: OnnxRecurrentInput = {},
): OnnxLayerResult {
  if (typeof layer === 'function') return { output: exportFunction(graph, layer, x) };
  if (isExportable(layer)) return asResult(layer.onnx(graph, x, input));
  for (const run of exporters) {
    const made = run(graph, layer, x, input);
    if (made) return made;
  }
  throw withoutForm(layer);
}

/** The error for a module without a method `onnx`, with an example of the method. */
export function withoutForm(layer: Module): InteropError {
  const [first = 'lstm', last = 'head'] = layer
    .slots()
    .flatMap(({ name, value }) => (value instanceof Module ? [name] : []));
  return new InteropError(
    'UNSUPPORTED_MODEL',
    `[onnx] ${kindOf(layer)} cannot be exported; give the module a method onnx(graph, x, input) that builds it from its parts, such as:
  onnx(graph, x, input) {
    return exportLayer(graph, this.${last}, exportLayer(graph, this.${first}, x, input).output);
  }`,
  );
}

/** The name of a module's class. A subclass of a built-in layer inherits its name, which would be misleading. */
function kindOf(layer: Module): string {
  const own = Object.getPrototypeOf(layer) as object;
  let owner = own;
  while (!Object.hasOwn(owner, 'typeName')) owner = Object.getPrototypeOf(owner) as object;
  return owner === own || owner === Module.prototype ? layer.typeName : `your subclass of ${layer.typeName}`;
}

/** Whether a module has a method that exports it. */
export function isExportable(layer: object): layer is OnnxExportable {
  // The method of a cell takes its state, and the exporter for cells calls it.
  return !(layer instanceof Cell) && 'onnx' in layer && typeof layer.onnx === 'function';
}

function asResult(made: OnnxValue | OnnxLayerResult): OnnxLayerResult {
  return 'output' in made ? made : { output: made };
}

function exportSequential(
  graph: OnnxGraph,
  model: Sequential,
  x: OnnxValue,
  { lengths: given }: OnnxRecurrentInput,
): OnnxValue {
  let [current, lengths] = [x, given];
  for (let n = 0; n < model.length; n++) {
    const stage = model.at(n)!;
    current = exportLayer(graph, stage, current, { lengths }).output;
    lengths &&= lengthsBehind(graph, stage, lengths);
  }
  return current;
}

/** The lengths of the sequences after a stage. */
function lengthsBehind(graph: OnnxGraph, stage: Stage, lengths: OnnxValue): OnnxValue {
  if (stage instanceof Conv1d) return convolvedLengths(graph, stage, lengths);
  if (stage instanceof Sequential)
    return Array.from({ length: stage.length }, (_, n) => stage.at(n)!).reduce(
      (current, inner) => lengthsBehind(graph, inner, current),
      lengths,
    );
  if (typeof stage === 'function' || !stage.outputLengths) return lengths;
  const own: object & Partial<OnnxExportable> = stage;
  if (own.onnxLengths) return own.onnxLengths(graph, lengths);
  throw new InteropError(
    'UNSUPPORTED_MODEL',
    `[onnx] ${stage.typeName} changes the lengths with a custom outputLengths; give it a method onnxLengths(graph, lengths) that computes the same`,
  );
}

/** A recurrent layer with a head on every step. */
function exportTagger(
  graph: OnnxGraph,
  { layer, head }: LanguageModel<State> | ManyToMany<State>,
  x: OnnxValue,
  input: OnnxRecurrentInput,
): OnnxLayerResult {
  const result = exportLayer(graph, layer, x, input);
  return { ...result, output: exportLayer(graph, head, result.output).output };
}

function exportLayerNorm(graph: OnnxGraph, { weight, bias, size, epsilon }: LayerNorm, x: OnnxValue): OnnxValue {
  const scale = weight ? whole(graph, 'norm_weight', weight) : graph.floats(new Float32Array(size).fill(1), [size]);
  return graph.one(
    'LayerNormalization',
    [x, scale, bias && whole(graph, 'norm_bias', bias)],
    { axis: -1, epsilon: { float: epsilon } },
    x,
  );
}

function exportConv1d(graph: OnnxGraph, layer: Conv1d, x: OnnxValue, { lengths }: OnnxRecurrentInput): OnnxValue {
  const rows = { dtype: 'f32', rank: 3 } as const;
  // Our [T, N, D] is [N, D, T] there.
  const turned = graph.one('Transpose', [lengths ? maskSteps(graph, x, lengths) : x], { perm: [1, 2, 0] }, rows);
  const attributes = {
    kernel_shape: [layer.kernelSize],
    strides: [layer.stride],
    dilations: [layer.dilation],
    pads: [...layer.padding],
  };
  const y = graph.one(
    'Conv',
    [turned, whole(graph, 'conv_weight', layer.weight), layer.bias && whole(graph, 'conv_bias', layer.bias)],
    attributes,
    rows,
  );
  const back = graph.one('Transpose', [y], { perm: [2, 0, 1] }, rows);
  return lengths ? maskSteps(graph, back, convolvedLengths(graph, layer, lengths)) : back;
}

/** x `[T, N, C, height, width]` → output `[T, N, F·directions, height, width]`. */
function exportConvLSTM(graph: OnnxGraph, layer: ConvLSTM, x: OnnxValue, input: OnnxRecurrentInput): OnnxRecurrence {
  const flat = graph.one('Reshape', [x, graph.integers([0, 0, layer.inputSize])], {}, { dtype: 'f32', rank: 3 });
  // `Recurrent` is invariant in the type of its state, but the export only needs the names of its parts.
  const { output, state } = exportRecurrent(graph, layer, flat, input);
  const shape = concat(
    graph,
    [axesOf(graph, x, 0, 2), graph.integers([layer.hiddenChannels * layer.directions, ...layer.imageSize])],
    0,
  );
  return { output: graph.one('Reshape', [output, shape], {}, { dtype: 'f32', rank: 5 }), state };
}

/** The delay line of layer k is an input and an output named `taps_l0`, `taps_l1`, …, each `[1, N, K − 1, …]`. */
function exportFiniteImpulse(
  graph: OnnxGraph,
  { layers }: FiniteImpulse,
  x: OnnxValue,
  input: OnnxRecurrentInput,
): OnnxRecurrence {
  const state: Record<string, OnnxValue> = {};
  let output = x;
  layers.forEach((layer, k) => {
    const name = `taps_l${k}`;
    const taps = input.state?.[name];
    // As above: the state's type does not matter here.
    const made = exportRecurrent(graph, layer, output, {
      lengths: input.lengths,
      state: taps && { taps },
    });
    state[name] = made.state['taps']!;
    ({ output } = made);
  });
  return { output, state };
}

function exportHopfield(graph: OnnxGraph, { patterns, beta, steps }: ContinuousHopfield, x: OnnxValue): OnnxValue {
  const [count, size] = patterns.shape as [number, number];
  const rows = whole(graph, 'patterns', patterns);
  const columns = graph.parameter('patterns', [patterns], [size, count], ([contents]) =>
    transposed(contents!, count, size),
  );
  let state = x;
  for (let step = 0; step < steps; step++) {
    const scores = multiply(graph, graph.one('MatMul', [state, columns], {}, x), scalar(graph, beta));
    state = graph.one('MatMul', [graph.one('Softmax', [scores], { axis: -1 }, x), rows], {}, x);
  }
  return state;
}

function exportOneStep(
  graph: OnnxGraph,
  cell: Cell<State>,
  x: OnnxValue,
  { state }: OnnxRecurrentInput,
): OnnxLayerResult {
  const { prepare, step } = exportCell(cell);
  return step(graph, prepare(graph, x), state ?? startOf(graph, cell, x, 0));
}
