import { ArgumentError, type State } from '@timestep/core';
import {
  Attention,
  BahdanauAttention,
  Cell,
  ContinuousHopfield,
  ConvLSTM,
  Embedding,
  EncoderDecoder,
  FiniteImpulse,
  HistoryCompressor,
  LanguageModel,
  LayerNorm,
  LuongAttention,
  ManyToMany,
  ManyToOne,
  Module,
  OneToMany,
  OneToOne,
  Sequential,
} from '@timestep/layers';
import { InteropError } from '../../errors.ts';
import type { OnnxDimension, OnnxElementType } from '../types.ts';
import { exportAttention, exportMemory } from './attention.ts';
import { exportTeacherForced } from './encoder-decoder.ts';
import type { OnnxGraph, OnnxValue } from './graph.ts';
import { exportLayer, isExportable, withoutForm } from './layers.ts';
import { exportOneToMany } from './one-to-many.ts';
import type { ExportOnnxOptions } from './options.ts';

/** Exports a whole model with its inputs and outputs. */
export function buildModel(graph: OnnxGraph, model: Module, options: ExportOnnxOptions): void {
  if (model instanceof HistoryCompressor)
    throw new InteropError(
      'UNSUPPORTED_MODEL',
      '[onnx] a HistoryCompressor learns while it reads, which an ONNX file cannot; train an LSTM on its output and export that',
    );
  const { name = 'x', dtype, shape } = options.input ?? {};
  const guess = shape ? null : inputOf(model);
  const x = graph.input(name, dtype ?? guess?.dtype ?? 'f32', shape ?? guess!.shape);
  const lengths = options.lengths ? graph.input('lengths', 'i32', ['N']) : undefined;
  if (lengths && (model instanceof Cell || model instanceof OneToMany || model instanceof OneToOne)) {
    throw new ArgumentError(
      `[onnx] ${model.typeName} does not read sequences, so it has no lengths; leave out lengths: true`,
    );
  }
  if (model instanceof EncoderDecoder) return buildEncoderDecoder(graph, model, x, lengths);
  if (model instanceof Attention) return buildAttention(graph, model, x, lengths);
  if (model instanceof OneToMany)
    return graph.output(
      'output',
      exportOneToMany(graph, model as OneToMany<State>, x, { steps: graph.input('steps', 'i32', []) }),
    );
  const parts = model instanceof Cell ? Object.entries((model as Cell<State>).stateShapes) : [];
  const before = Object.fromEntries(parts.map(([part, axes]) => [part, graph.input(part, 'f32', ['N', ...axes])]));
  const { output, state = {} } = exportLayer(graph, model, x, {
    lengths,
    ...(parts.length > 0 ? { state: before } : {}),
  });
  graph.output('output', output);
  for (const [part, value] of Object.entries(state)) graph.output(`state_${part}`, value);
}

function buildEncoderDecoder(
  graph: OnnxGraph,
  model: EncoderDecoder,
  tokens: OnnxValue,
  lengths: OnnxValue | undefined,
): void {
  const { logits, weights } = exportTeacherForced(
    graph,
    model,
    tokens,
    graph.input('targets', 'i32', ['T', 'N']),
    lengths ?? null,
  );
  graph.output('logits', logits);
  if (weights) graph.output('weights', weights);
}

function buildAttention(
  graph: OnnxGraph,
  attention: Attention,
  queries: OnnxValue,
  lengths: OnnxValue | undefined,
): void {
  const size =
    attention instanceof BahdanauAttention
      ? attention.weight_key.shape[1]!
      : attention instanceof LuongAttention
        ? (attention.weight_key?.shape[1] ?? 'K')
        : 'K';
  const { context, weights } = exportAttention(
    graph,
    attention,
    queries,
    exportMemory(graph, attention, graph.input('memory', 'f32', ['S', 'N', size]), lengths ?? null),
  );
  graph.output('context', context);
  graph.output('weights', weights);
}

interface Input {
  readonly dtype: OnnxElementType;
  readonly shape: readonly OnnxDimension[];
}

/** The type and shape of the input of the first layer. */
function inputOf(model: Module): Input {
  if (model instanceof Embedding || model instanceof LanguageModel) return { dtype: 'i32', shape: ['T', 'N'] };
  if (model instanceof EncoderDecoder) return { dtype: 'i32', shape: ['S', 'N'] };
  if (model instanceof ManyToOne || model instanceof ManyToMany) return inputOf(model.layer);
  if (model instanceof Sequential) {
    for (let n = 0; n < model.length; n++) {
      const stage = model.at(n);
      if (stage instanceof Module) return inputOf(stage);
    }
  }
  const shape = floatAxes(model);
  if (shape) return { dtype: 'f32', shape };
  if (!isExportable(model) && model.children().length > 0 && !(model instanceof Sequential)) throw withoutForm(model);
  throw new ArgumentError(
    `[onnx] the input of ${model.typeName} does not follow from its layers; pass input: { dtype, shape }, such as { dtype: 'f32', shape: ['T', 'N', 40] }`,
  );
}

function floatAxes(model: Module): readonly OnnxDimension[] | null {
  if (model instanceof ConvLSTM) return ['T', 'N', model.inputChannels, ...model.imageSize];
  if (model instanceof OneToOne) return ['N', model.hidden.inputSize];
  if (model instanceof Cell || model instanceof OneToMany) return ['N', model.inputSize];
  if (model instanceof ContinuousHopfield) return ['N', model.patterns.shape[1]!];
  if (model instanceof FiniteImpulse) return ['T', 'N', model.inputSize];
  if (model instanceof BahdanauAttention) return ['T', 'N', model.weight_query.shape[1]!];
  if (model instanceof LuongAttention) return ['T', 'N', model.weight_key?.shape[0] ?? 'K'];
  const size = model instanceof LayerNorm ? model.size : 'inputSize' in model ? model.inputSize : undefined;
  return typeof size === 'number' ? ['T', 'N', size] : null;
}
