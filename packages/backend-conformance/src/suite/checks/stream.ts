import type { Stream, StreamLayer, StreamWeights } from '@timestep/backend-api';
import { forwardPass } from '../accuracy.ts';
import { expectThat, type Check } from '../check.ts';
import { forwardOnly, putAll } from '../fused-case.ts';
import { agree, type Results, type Side } from '../side.ts';
import { sequenceCase, type SequenceOpName, type SequenceOptions, type Variant } from './fused/sequence-case.ts';

const kinds = { rnnSequence: 'rnn', lstmSequence: 'lstm', gruSequence: 'gru' } as const;

const variants: readonly (readonly [SequenceOpName, string, Variant])[] = [
  ['rnnSequence', 'rnn, tanh', { activation: 'tanh' }],
  ['rnnSequence', 'rnn, relu', { activation: 'relu' }],
  ['gruSequence', 'gru, reset after', { reset: 'after' }],
  ['gruSequence', 'gru, reset before', { reset: 'before' }],
  ['lstmSequence', 'lstm', { peepholes: false, coupledGates: false, projectionSize: 0 }],
  ['lstmSequence', 'lstm, peepholes and coupled gates', { peepholes: true, coupledGates: true, projectionSize: 0 }],
  ['lstmSequence', 'lstm, peepholes and projection', { peepholes: true, coupledGates: false, projectionSize: 3 }],
];

const cases: Readonly<Record<string, SequenceOptions>> = {
  'random weights, inputs and states': {},
  'sizes of 1': { steps: 3, inputSize: 1, hiddenSize: 1 },
  'odd sizes': { steps: 6, inputSize: 5, hiddenSize: 35 },
  'H of 130': { steps: 3, inputSize: 70, hiddenSize: 130 },
  'no biases': { without: ['biasIh', 'biasHh'] },
  'no hidden bias': { without: ['biasHh'] },
};

/** All steps of the case through the backend's stream, from the case's state; where it has none, the whole sequence. */
function streamed(op: SequenceOpName, options: SequenceOptions) {
  const test = sequenceCase(op, options);
  const { steps, inputSize, hiddenSize, variant } = test.spec as {
    steps: number;
    inputSize: number;
    hiddenSize: number;
    variant: Variant;
  };
  const outputSize = ('projectionSize' in variant && variant.projectionSize) || hiddenSize;
  const whole = forwardOnly(op, test);
  return (side: Side): Results => {
    const streams = side.backend.stream;
    if (streams === undefined) return whole(side);
    const { x: _x, h0: _h0, c0: _c0, ...weights } = putAll(side, test.inputs);
    // The op's name decides which inputs there are, and the type checker does not follow it from `op` to `kind`.
    const layer = {
      kind: kinds[op],
      inputSize,
      hiddenSize,
      variant,
      weights: { weightHr: null, peephole: null, ...weights } as unknown as StreamWeights,
    } as StreamLayer;
    if (streams.supports([layer]) !== true) return whole(side);
    const stream = streams.open([layer]);
    try {
      const start = Float32Array.from([...test.inputs['h0']!, ...(test.inputs['c0'] ?? [])]);
      expectThat(
        stream.stateSize === start.length,
        `expected a state of ${start.length} floats, got ${stream.stateSize}`,
      );
      stream.writeState(start);
      const output = walk(stream, Float32Array.from(test.inputs['x']!), steps, outputSize);
      const state = new Float32Array(start.length);
      stream.readState(state);
      const ends = { output: side.put('f32', output), hN: side.put('f32', state.subarray(0, outputSize)) };
      return op === 'lstmSequence' ? { ...ends, cN: side.put('f32', state.subarray(outputSize)) } : ends;
    } finally {
      stream.release();
    }
  };
}

function walk(stream: Stream, x: Float32Array, steps: number, outputSize: number): Float32Array {
  const all = new Float32Array(steps * outputSize);
  const inputSize = x.length / steps;
  for (let t = 0; t < steps; t++)
    stream.step(x.subarray(t * inputSize, (t + 1) * inputSize), all.subarray(t * outputSize, (t + 1) * outputSize));
  return all;
}

/**
 * A step at a time gives what the whole sequence gives. No backend is asked to have streams: core makes them of
 * ordinary operations.
 */
export const streamChecks: readonly Check[] = variants.map(([op, name, variant]): Check => ({
  name: `stream, where there is one: ${name}`,
  async run(context) {
    for (const [title, given] of Object.entries(cases)) {
      const options = { ...given, batch: 1, variant };
      await agree(context, streamed(op, options), forwardPass, title);
    }
  },
}));
