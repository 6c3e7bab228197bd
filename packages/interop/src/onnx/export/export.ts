import { ArgumentError } from '@timestep/core';
import { Embedding, LanguageModel, LayerNorm, ManyToMany, ManyToOne, Module, Sequential } from '@timestep/layers';
import type { OnnxDimension, OnnxElementType } from '../types.ts';
import { OnnxGraph } from './graph.ts';
import { exportLayer } from './layers.ts';

export interface ExportOnnxOptions {
  /** The model's input, `x` by default. Its type and axes are those that the first layer takes: `[T, N]` of i32 for an embedding, else `[T, N, D]` of f32. */
  readonly input?: { readonly name?: string; readonly dtype?: OnnxElementType; readonly shape?: readonly OnnxDimension[] } | undefined;
  /** Give the model a second input `lengths`, i32 `[N]`, each 1…T. False by default. */
  readonly lengths?: boolean | undefined;
  /** The graph's name; `model` by default. */
  readonly name?: string | undefined;
}

/**
 * Writes a model as an ONNX file (operator set 17) whose axes T and N are free: a Sequential, a single layer, or a module
 * of one's own with a method `onnx(graph, x, input)`. What is written is the model in `eval()`: no dropout. The output is
 * named `output`; where the model is a recurrent layer, its final state follows as `state_h` and `state_c`.
 *
 * @throws InteropError `UNSUPPORTED_MODEL` for a layer that ONNX has no operators for, such as a projected LSTM
 * @example
 * const bytes = await exportOnnx(new Sequential(embedding, lstm, head), { lengths: true });
 */
export function exportOnnx(model: Module, options: ExportOnnxOptions = {}): Promise<Uint8Array> {
  const { name = 'x', dtype, shape } = options.input ?? {};
  const guess = shape ? null : inputOf(model);
  return exportOnnxGraph((graph) => {
    const x = graph.input(name, dtype ?? guess?.dtype ?? 'f32', shape ?? guess!.shape);
    const lengths = options.lengths ? graph.input('lengths', 'i32', ['N']) : undefined;
    const { output, state = {} } = exportLayer(graph, model, x, { lengths });
    graph.output('output', output);
    for (const [part, value] of Object.entries(state)) graph.output(`state_${part}`, value);
  }, options.name);
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
export function exportOnnxGraph(build: (graph: OnnxGraph) => void, name = 'model'): Promise<Uint8Array> {
  const graph = new OnnxGraph();
  build(graph);
  return graph.finish(name);
}

/** What the first layer takes. */
function inputOf(model: Module): { dtype: OnnxElementType; shape: readonly OnnxDimension[] } {
  if (model instanceof Embedding || model instanceof LanguageModel) return { dtype: 'i32', shape: ['T', 'N'] };
  if (model instanceof ManyToOne || model instanceof ManyToMany) return inputOf(model.layer);
  if (model instanceof Sequential) {
    for (let n = 0; n < model.length; n++) {
      const stage = model.at(n);
      if (stage instanceof Module) return inputOf(stage);
    }
  }
  const size = model instanceof LayerNorm ? model.size : 'inputSize' in model ? model.inputSize : undefined;
  if (typeof size === 'number') return { dtype: 'f32', shape: ['T', 'N', size] };
  throw new ArgumentError(`[onnx] the input of ${model.constructor.name} cannot be told from its layers; pass input: { dtype, shape }, such as { dtype: 'f32', shape: ['T', 'N', 40] }`);
}
