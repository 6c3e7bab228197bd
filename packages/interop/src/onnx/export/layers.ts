import { cos, exp, logSoftmax, relu, sigmoid, sin, softmax, softplus, tanh, type State, type Tensor } from '@timestep/core';
import { Conv1d, Dropout, Embedding, LanguageModel, LayerNorm, Linear, ManyToMany, ManyToOne, Recurrent, Sequential, type Module, type Stage } from '@timestep/layers';
import { InteropError } from '../../errors.ts';
import { transposed } from '../gates.ts';
import type { OnnxGraph, OnnxValue } from './graph.ts';
import { convolvedLengths, maskSteps } from './lengths.ts';
import { exportPool } from './pool.ts';
import { exportRecurrent, type OnnxRecurrence, type OnnxRecurrentInput } from './recurrent.ts';

/** A module of one's own that says how it is exported, in the terms of the parts that it is made of. */
export interface OnnxExportable {
  onnx(graph: OnnxGraph, x: OnnxValue, input: OnnxRecurrentInput): OnnxValue | OnnxRecurrence;
}

/** Plain functions that may stand in a Sequential. */
const functions = new Map<(x: Tensor) => Tensor, string>([
  [relu, 'Relu'],
  [tanh, 'Tanh'],
  [sigmoid, 'Sigmoid'],
  [softplus, 'Softplus'],
  [exp, 'Exp'],
  [sin, 'Sin'],
  [cos, 'Cos'],
  [softmax, 'Softmax'],
  [logSoftmax, 'LogSoftmax'],
]);

/**
 * Adds a layer to a graph: what `layer.forward(x, { lengths, state })` computes in `eval()`.
 *
 * @returns the output, and the final state of a recurrent layer
 * @throws InteropError `UNSUPPORTED_MODEL` for a layer that ONNX has no operators for
 */
export function exportLayer(graph: OnnxGraph, layer: Stage | Module, x: OnnxValue, input: OnnxRecurrentInput = {}): { readonly output: OnnxValue; readonly state?: OnnxRecurrence['state'] } {
  if (isExportable(layer)) return asResult(layer.onnx(graph, x, input));
  if (layer instanceof Sequential) return { output: exportSequential(graph, layer, x, input) };
  if (layer instanceof Recurrent) return exportRecurrent(graph, layer as Recurrent<State>, x, input);
  if (layer instanceof Linear) return { output: exportLinear(graph, layer, x) };
  if (layer instanceof Embedding) return { output: graph.one('Gather', [whole(graph, 'embedding', layer.weight), x], { axis: 0 }, { dtype: 'f32', rank: x.rank + 1 }) };
  if (layer instanceof LayerNorm) return { output: exportLayerNorm(graph, layer, x) };
  if (layer instanceof Conv1d) return { output: exportConv1d(graph, layer, x, input.lengths) };
  if (layer instanceof Dropout) return { output: x };
  if (layer instanceof LanguageModel) return exportTagger(graph, layer as LanguageModel<State>, exportLayer(graph, layer.embedding, x).output, input);
  if (layer instanceof ManyToMany) return exportTagger(graph, layer as ManyToMany<State>, x, input);
  if (layer instanceof ManyToOne) {
    const { output } = exportRecurrent(graph, layer.layer as Recurrent<State>, x, input);
    return { output: exportLinear(graph, layer.head, exportPool(graph, layer as ManyToOne<State>, output, input.lengths)) };
  }
  const opType = typeof layer === 'function' ? functions.get(layer as (x: Tensor) => Tensor) : undefined;
  if (opType) return { output: graph.one(opType, [x], opType.endsWith('oftmax') ? { axis: -1 } : {}, x) };
  const name = typeof layer === 'function' ? `the function ${layer.name || 'without a name'}` : layer.constructor.name;
  throw new InteropError('UNSUPPORTED_MODEL', `[onnx] there is no ONNX form of ${name}; give the module a method onnx(graph, x, input) that builds it from its parts`);
}

function isExportable(layer: object): layer is OnnxExportable {
  return 'onnx' in layer && typeof layer.onnx === 'function';
}

function asResult(made: OnnxValue | OnnxRecurrence): { output: OnnxValue; state?: OnnxRecurrence['state'] } {
  return 'output' in made ? made : { output: made };
}

function whole(graph: OnnxGraph, name: string, tensor: Tensor): OnnxValue {
  return graph.parameter(name, [tensor], tensor.shape, ([contents]) => contents!);
}

function exportSequential(graph: OnnxGraph, model: Sequential, x: OnnxValue, { lengths: given }: OnnxRecurrentInput): OnnxValue {
  let [current, lengths] = [x, given];
  for (let n = 0; n < model.length; n++) {
    const stage = model.at(n)!;
    current = exportLayer(graph, stage, current, { lengths }).output;
    if (lengths && stage instanceof Conv1d) lengths = convolvedLengths(graph, stage, lengths);
  }
  return current;
}

/** A recurrent layer with a head on every step. */
function exportTagger(graph: OnnxGraph, { layer, head }: LanguageModel<State> | ManyToMany<State>, x: OnnxValue, input: OnnxRecurrentInput): OnnxRecurrence {
  const { output, state } = exportRecurrent(graph, layer, x, input);
  return { output: exportLinear(graph, head, output), state };
}

function exportLinear(graph: OnnxGraph, { weight, bias, inputSize, outputSize }: Linear, x: OnnxValue): OnnxValue {
  const columns = graph.parameter('linear_weight', [weight], [inputSize, outputSize], ([contents]) => transposed(contents!, outputSize, inputSize));
  const product = graph.one('MatMul', [x, columns], {}, x);
  return bias ? graph.one('Add', [product, whole(graph, 'linear_bias', bias)], {}, x) : product;
}

function exportLayerNorm(graph: OnnxGraph, { weight, bias, size, epsilon }: LayerNorm, x: OnnxValue): OnnxValue {
  const scale = weight ? whole(graph, 'norm_weight', weight) : graph.floats(new Float32Array(size).fill(1), [size]);
  return graph.one('LayerNormalization', [x, scale, bias && whole(graph, 'norm_bias', bias)], { axis: -1, epsilon: { float: epsilon } }, x);
}

function exportConv1d(graph: OnnxGraph, layer: Conv1d, x: OnnxValue, lengths: OnnxValue | undefined): OnnxValue {
  const rows = { dtype: 'f32', rank: 3 } as const;
  // Our [T, N, D] is [N, D, T] there.
  const turned = graph.one('Transpose', [lengths ? maskSteps(graph, x, lengths) : x], { perm: [1, 2, 0] }, rows);
  const attributes = { kernel_shape: [layer.kernelSize], strides: [layer.stride], dilations: [layer.dilation], pads: [...layer.padding] };
  const y = graph.one('Conv', [turned, whole(graph, 'conv_weight', layer.weight), layer.bias && whole(graph, 'conv_bias', layer.bias)], attributes, rows);
  const back = graph.one('Transpose', [y], { perm: [2, 0, 1] }, rows);
  return lengths ? maskSteps(graph, back, convolvedLengths(graph, layer, lengths)) : back;
}
