import {
  ArgumentError,
  checkOptions,
  checkValue,
  is,
  ShapeError,
  UnsupportedError,
  type Backend,
  type LstmVariant,
  type MaybeBuffer,
  type OptionRules,
  type Stream,
  type StreamLayer,
  type StreamWeights,
} from '@timestep/backend-api';
import { checkBackend } from '../check-backend.ts';
import { modesOf, type FusedMode } from '../context.ts';
import { zeros } from '../create.ts';
import { fusedRules, type FusedOption } from '../fused/choose.ts';
import { checkOperation, isTensor, tensorRule } from '../ops/check.ts';
import { inScope } from '../scope.ts';
import { show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { FallbackStream } from './stream-fallback.ts';
import type { StreamPart } from './stream-part.ts';
import { stepLayer } from './stream-step.ts';

/** A {@link Stream} and the sizes of what its `step` takes and fills. */
export interface OpenStream extends Stream {
  readonly inputSize: number;
  readonly outputSize: number;
}

/**
 * Opens layers for one sequence that arrives step by step (batch 1), such as a live signal: typed array in, typed array
 * out, with no tensor, promise or gradient on the way and the state kept inside. The backend's own stream where it has
 * one (backend-cpu: weights packed once, a step is one kernel a layer), else each step by ordinary operations.
 *
 * ```ts
 * const stream = openStream(backend, [{ kind: 'lstm', weightIh, weightHh, biasIh, biasHh }]);
 * const output = new Float32Array(stream.outputSize);
 * for (const frame of frames) stream.step(frame, output);
 * stream.release();
 * ```
 *
 * The weights are those of this moment: later changes are not seen.
 *
 * @throws ShapeError where layers do not fit together; UnsupportedError where the backend's memory is not the host's,
 *   and under `fused: 'require'` with the backend's reason
 */
export function openStream(backend: Backend, parts: readonly StreamPart[], options: FusedOption = {}): OpenStream {
  checkBackend('openStream', backend);
  checkOperation('openStream', options, fusedRules);
  checkParts(backend, parts);
  const sizes = measure(backend, parts);
  const mode = options.fused ?? modesOf(backend).fused;
  const layers = parts.map(layerOf);
  const support =
    mode === 'off'
      ? 'it was not asked'
      : (backend.stream?.supports(layers) ?? `backend '${backend.name}' has no stream`);
  if (mode === 'require' && support !== true)
    throw new UnsupportedError(
      `[openStream] fused: 'require' was asked for, but ${support}; use fused: 'auto' to fall back`,
    );
  const stream = support === true && backend.stream ? backend.stream.open(layers) : openFallback(backend, parts, mode);
  return Object.assign(stream, sizes);
}

const weightRules = {
  weightIh: tensorRule,
  weightHh: tensorRule,
  biasIh: is.nullable(tensorRule),
  biasHh: is.nullable(tensorRule),
};
const partRules: {
  readonly [Kind in StreamPart['kind']]: OptionRules<Omit<Extract<StreamPart, { kind: Kind }>, 'kind'>>;
} = {
  rnn: { ...weightRules, variant: is.optional(is.object) },
  gru: { ...weightRules, variant: is.optional(is.object) },
  lstm: {
    ...weightRules,
    weightHr: is.nullable(tensorRule),
    peephole: is.nullable(tensorRule),
    coupledGates: is.optional(is.boolean),
  },
  linear: { weight: tensorRule, bias: is.nullable(tensorRule) },
};
const kindRule = is.oneOf(...Object.keys(partRules));

function checkParts(backend: Backend, parts: readonly StreamPart[]): void {
  if (!Array.isArray(parts)) checkValue('openStream', 'parts', parts, is.arrayOf(is.object, 'an array of layers'));
  for (const part of parts as readonly unknown[]) {
    checkValue('openStream', 'a part', part, is.object);
    const { kind, ...rest } = part as { readonly kind: StreamPart['kind'] };
    checkValue('openStream', 'kind', kind, kindRule);
    checkOptions<object>(`openStream, ${kind}`, rest, partRules[kind]);
    for (const weight of Object.values(rest))
      if (isTensor(weight) && weight.backend !== backend)
        throw new ArgumentError(
          `[openStream] expected weights on the backend of the stream, '${backend.name}', got one on '${weight.backend.name}'; move it with await tensor.to(backend)`,
          'BACKEND_MISMATCH',
        );
  }
}

function openFallback(backend: Backend, parts: readonly StreamPart[], mode: FusedMode): Stream {
  if (!backend.hostView) {
    throw new UnsupportedError(
      `[openStream] the memory of backend '${backend.name}' cannot be read without a promise; step with tensors (layer.step) and await data(), or stream on the CPU backend`,
    );
  }
  return new FallbackStream(backend, parts, mode);
}

/** Runs one step of zeros, which checks every shape in the words of the layer's own operation. */
function measure(backend: Backend, parts: readonly StreamPart[]): { inputSize: number; outputSize: number } {
  if (parts.length === 0) throw new ShapeError('[openStream] expected a layer at least, got none');
  const first = parts[0]!;
  const { shape } = first.kind === 'linear' ? first.weight : first.weightIh;
  if (shape.length !== 2) throw new ShapeError(`[openStream] expected weights of two axes, got shape ${show(shape)}`);
  const inputSize = shape[1]!;
  return inScope(backend, { gradient: false }, () => {
    let current = zeros(backend, [1, 1, inputSize]);
    for (const part of parts) current = stepLayer(part, current, null, 'auto').output;
    return { inputSize, outputSize: current.shape[2]! };
  });
}

function layerOf(part: StreamPart): StreamLayer {
  const buffer = (tensor: Tensor | null | undefined): MaybeBuffer => tensor?.buffer ?? null;
  if (part.kind === 'linear') {
    const [outputSize, inputSize] = part.weight.shape as [number, number];
    return { kind: 'linear', inputSize, outputSize, weight: part.weight.buffer, bias: buffer(part.bias) };
  }
  const gates = { rnn: 1, lstm: 4, gru: 3 }[part.kind];
  const [rows, inputSize] = part.weightIh.shape as [number, number];
  const lstm = part.kind === 'lstm' ? part : null;
  const weights: StreamWeights = {
    weightIh: part.weightIh.buffer,
    weightHh: part.weightHh.buffer,
    biasIh: buffer(part.biasIh),
    biasHh: buffer(part.biasHh),
    weightHr: buffer(lstm?.weightHr),
    peephole: buffer(lstm?.peephole),
  };
  const sizes = { inputSize, hiddenSize: rows / gates, weights };
  if (part.kind === 'rnn') return { kind: 'rnn', ...sizes, variant: { activation: 'tanh', ...part.variant } };
  if (part.kind === 'gru') return { kind: 'gru', ...sizes, variant: { reset: 'after', ...part.variant } };
  const variant: LstmVariant = {
    peepholes: Boolean(part.peephole),
    coupledGates: part.coupledGates ?? false,
    projectionSize: part.weightHr?.shape[0] ?? 0,
  };
  return { kind: 'lstm', ...sizes, variant };
}
