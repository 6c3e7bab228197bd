import type { EncoderDecoder } from '@timestep/layers';
import { exportAttention, exportMemory } from './attention.ts';
import { exportOnnxGraph } from './export.ts';
import type { OnnxGraph, OnnxValue } from './graph.ts';
import { exportLayer } from './layers.ts';
import { exportRecurrent } from './recurrent.ts';

const cube = { dtype: 'f32', rank: 3 } as const;

/**
 * Writes an encoder–decoder as two ONNX files, as runtimes want it: what reads the source once, and what makes one step of
 * the target, to be called until the end comes.
 *
 * - `encoder`: tokens i32 `[S, N]`, lengths i32 `[N]` → h `[L, N, H]`, and with attention values `[N, S, K]`, keys
 *   `[N, S, …]`, mask bool `[N, 1, S]`
 * - `decoder`: tokens i32 `[1, N]` (the symbols before), h, and with attention values, keys, mask → logits `[1, N, V]`,
 *   h_next, and with attention weights `[1, N, S]`
 */
export async function exportEncoderDecoder(model: EncoderDecoder): Promise<{ readonly encoder: Uint8Array; readonly decoder: Uint8Array }> {
  return { encoder: await exportOnnxGraph((graph) => buildEncoder(graph, model), 'encoder'), decoder: await exportOnnxGraph((graph) => buildDecoder(graph, model), 'decoder') };
}

function buildEncoder(graph: OnnxGraph, model: EncoderDecoder): void {
  const tokens = graph.input('tokens', 'i32', ['S', 'N']);
  const lengths = graph.input('lengths', 'i32', ['N']);
  const { output, state } = exportRecurrent(graph, model.encoder, exportLayer(graph, model.sourceEmbedding, tokens).output, { lengths });
  // h is [2L, N, H], both directions of each layer: they come to stand beside each other, [L, N, 2H].
  const { numLayers, hiddenSize } = model.encoder;
  const parted = graph.one('Reshape', [state['h']!, graph.integers([numLayers, 2, -1, hiddenSize])], {}, { dtype: 'f32', rank: 4 });
  const turned = graph.one('Transpose', [parted], { perm: [0, 2, 1, 3] }, { dtype: 'f32', rank: 4 });
  const both = graph.one('Reshape', [turned, graph.integers([0, 0, -1])], {}, cube);
  graph.output('h', graph.one('Tanh', [exportLayer(graph, model.bridge, both).output], {}, cube));
  if (!model.attention) return;
  const { values, keys, mask } = exportMemory(graph, model.attention, output, lengths);
  graph.output('values', values);
  graph.output('keys', keys);
  graph.output('mask', mask!);
}

function buildDecoder(graph: OnnxGraph, model: EncoderDecoder): void {
  const tokens = graph.input('tokens', 'i32', [1, 'N']);
  const { hiddenSize, numLayers } = model.decoder;
  const h = graph.input('h', 'f32', [numLayers, 'N', hiddenSize]);
  const { attention } = model;
  const memory = attention && {
    values: graph.input('values', 'f32', ['N', 'S', 2 * hiddenSize]),
    keys: graph.input('keys', 'f32', ['N', 'S', hiddenSize]),
    mask: graph.input('mask', 'bool', ['N', 1, 'S']),
  };
  const join = (a: OnnxValue, b: OnnxValue) => graph.one('Concat', [a, b], { axis: 2 }, cube);
  const run = (x: OnnxValue) => exportRecurrent(graph, model.decoder, x, { state: { h } });
  const embedded = exportLayer(graph, model.targetEmbedding, tokens).output;
  const finish = (read: OnnxValue, next: OnnxValue, weights?: OnnxValue) => {
    graph.output('logits', exportLayer(graph, model.head, read).output);
    graph.output('h_next', next);
    if (weights) graph.output('weights', weights);
  };
  if (attention && memory && model.kind === 'bahdanau') {
    const top = graph.one('Slice', [h, graph.integers([-1]), graph.integers([numLayers]), graph.integers([0])], {}, cube);
    const { context, weights } = exportAttention(graph, attention, top, memory);
    const { output, state } = run(join(embedded, context));
    finish(join(output, context), state['h']!, weights);
    return;
  }
  const { output, state } = run(embedded);
  if (!attention || !memory) return finish(output, state['h']!);
  const { context, weights } = exportAttention(graph, attention, output, memory);
  finish(graph.one('Tanh', [exportLayer(graph, model.combine!, join(output, context)).output], {}, cube), state['h']!, weights);
}
