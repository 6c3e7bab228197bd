import { checkValue, is } from '@timestep/core';
import { EncoderDecoder } from '@timestep/layers';
import { exportAttention, exportMemory, type OnnxMemory } from './attention.ts';
import { exportOnnxGraph, type OnnxGraph, type OnnxValue } from './graph.ts';
import { exportLayer } from './layers.ts';
import { axesOf, cast, concat, cut, lift, pick } from './parts.ts';
import { exportRecurrent } from './recurrent.ts';

const cube = { dtype: 'f32', rank: 3 } as const;

/** The result of the encoder: the first state of the decoder `[L, N, H]`, and the memory for its attention. */
interface Encoded {
  readonly h: OnnxValue;
  readonly memory: OnnxMemory | null;
}

/** The result of the decoder: logits `[T, N, V]`, attention weights `[T, N, S]`, and the final state. */
interface DecodedSteps {
  readonly logits: OnnxValue;
  readonly weights: OnnxValue | null;
  readonly h: OnnxValue;
}

/**
 * Writes an encoder–decoder to two ONNX files, as runtimes need it. The encoder reads the source once. The decoder
 * computes one step of the target and is called until the end symbol.
 *
 * - `encoder`: tokens i32 `[S, N]`, lengths i32 `[N]` → h `[L, N, H]`, and with attention values `[N, S, K]`, keys
 *   `[N, S, …]`, mask bool `[N, 1, S]`
 * - `decoder`: tokens i32 `[1, N]` (the previous symbols), h, and with attention values, keys, mask → logits
 *   `[1, N, V]`, h_next, and with attention weights `[1, N, S]`
 *
 * @throws InteropError `UNSUPPORTED_MODEL`; ArgumentError for wrong arguments
 * @example
 * const { encoder, decoder } = await exportEncoderDecoder(model);
 */
export async function exportEncoderDecoder(
  model: EncoderDecoder,
): Promise<{ readonly encoder: Uint8Array<ArrayBuffer>; readonly decoder: Uint8Array<ArrayBuffer> }> {
  checkValue('exportEncoderDecoder', 'model', model, is.instanceOf(EncoderDecoder));
  return {
    encoder: await exportOnnxGraph((graph) => buildEncoder(graph, model), 'encoder'),
    decoder: await exportOnnxGraph((graph) => buildDecoder(graph, model), 'decoder'),
  };
}

function buildEncoder(graph: OnnxGraph, model: EncoderDecoder): void {
  const { h, memory } = encode(
    graph,
    model,
    graph.input('tokens', 'i32', ['S', 'N']),
    graph.input('lengths', 'i32', ['N']),
  );
  graph.output('h', h);
  if (!memory) return;
  graph.output('values', memory.values);
  graph.output('keys', memory.keys);
  graph.output('mask', memory.mask!);
}

function buildDecoder(graph: OnnxGraph, model: EncoderDecoder): void {
  const tokens = graph.input('tokens', 'i32', [1, 'N']);
  const { hiddenSize, numLayers } = model.decoder;
  const h = graph.input('h', 'f32', [numLayers, 'N', hiddenSize]);
  const memory = model.attention && {
    values: graph.input('values', 'f32', ['N', 'S', 2 * hiddenSize]),
    keys: graph.input('keys', 'f32', ['N', 'S', hiddenSize]),
    mask: graph.input('mask', 'bool', ['N', 1, 'S']),
  };
  const made = decode(graph, model, tokens, { h, memory });
  graph.output('logits', made.logits);
  graph.output('h_next', made.h);
  if (made.weights) graph.output('weights', made.weights);
}

/**
 * Adds `model.forward(source, targets)` to a graph, with teacher forcing: every step gets the true symbol before it.
 *
 * @param tokens i32 `[S, N]`
 * @param targets i32 `[T, N]`
 * @throws InteropError `UNSUPPORTED_MODEL` for a model that cannot be exported
 * @example
 * const { logits } = exportTeacherForced(graph, model, tokens, targets, null);
 */
export function exportTeacherForced(
  graph: OnnxGraph,
  model: EncoderDecoder,
  tokens: OnnxValue,
  targets: OnnxValue,
  lengths: OnnxValue | null,
): Omit<DecodedSteps, 'h'> {
  const encoded = encode(graph, model, tokens, lengths);
  const row = concat(graph, [graph.integers([1]), axesOf(graph, targets, 1, 2)], 0);
  const first = graph.one('Expand', [cast(graph, graph.integers(model.start), 'i32'), row], {}, targets);
  const given = concat(graph, [first, cut(graph, targets, 0, 0, -1)], 0);
  if (model.kind !== 'bahdanau') return decode(graph, model, given, encoded);
  // The state before a step is the query for its context.
  const { outputs } = graph.scan([encoded.h], [given], ([h], [symbols]) => {
    const made = decode(graph, model, lift(graph, symbols!), { h: h!, memory: encoded.memory });
    return { state: [made.h], outputs: [pick(graph, made.logits, 0), pick(graph, made.weights!, 0)] };
  });
  return { logits: outputs[0]!, weights: outputs[1]! };
}

function encode(graph: OnnxGraph, model: EncoderDecoder, tokens: OnnxValue, lengths: OnnxValue | null): Encoded {
  const { output, state } = exportRecurrent(
    graph,
    model.encoder,
    exportLayer(graph, model.sourceEmbedding, tokens).output,
    { lengths: lengths ?? undefined },
  );
  // h is [2L, N, H], both directions of each layer. They are concatenated to [L, N, 2H].
  const { numLayers, hiddenSize } = model.encoder;
  const parted = graph.one(
    'Reshape',
    [state['h']!, graph.integers([numLayers, 2, -1, hiddenSize])],
    {},
    { dtype: 'f32', rank: 4 },
  );
  const turned = graph.one('Transpose', [parted], { perm: [0, 2, 1, 3] }, { dtype: 'f32', rank: 4 });
  const both = graph.one('Reshape', [turned, graph.integers([0, 0, -1])], {}, cube);
  return {
    h: graph.one('Tanh', [exportLayer(graph, model.bridge, both).output], {}, cube),
    memory: model.attention && exportMemory(graph, model.attention, output, lengths),
  };
}

/** Symbols i32 `[T, N]`, one at a time for Bahdanau's attention, which needs the state before each step. */
function decode(graph: OnnxGraph, model: EncoderDecoder, symbols: OnnxValue, { h, memory }: Encoded): DecodedSteps {
  const { attention } = model;
  const join = (a: OnnxValue, b: OnnxValue) => concat(graph, [a, b], 2);
  const run = (x: OnnxValue) => exportRecurrent(graph, model.decoder, x, { state: { h } });
  const read = (x: OnnxValue) => exportLayer(graph, model.head, x).output;
  const embedded = exportLayer(graph, model.targetEmbedding, symbols).output;
  if (attention && memory && model.kind === 'bahdanau') {
    const { context, weights } = exportAttention(graph, attention, cut(graph, h, 0, -1), memory);
    const { output, state } = run(join(embedded, context));
    return { logits: read(join(output, context)), weights, h: state['h']! };
  }
  const { output, state } = run(embedded);
  if (!attention || !memory) return { logits: read(output), weights: null, h: state['h']! };
  const { context, weights } = exportAttention(graph, attention, output, memory);
  return {
    logits: read(graph.one('Tanh', [exportLayer(graph, model.combine!, join(output, context)).output], {}, cube)),
    weights,
    h: state['h']!,
  };
}
