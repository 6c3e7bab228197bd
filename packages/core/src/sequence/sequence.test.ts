import { describe, expect, it } from 'vitest';
import { tensor, zeros } from '../create.ts';
import { add } from '../ops/binary.ts';
import { affine } from '../ops/affine.ts';
import { checkGradient } from '../test-support/gradients.ts';
import { createReferenceBackend } from '../test-support/reference.ts';
import type { Tensor } from '../tensor.ts';
import { gruSequence } from './gru-sequence.ts';
import { lstmSequence } from './lstm-sequence.ts';
import { rnnSequence } from './rnn-sequence.ts';
import { scan } from './scan.ts';

const [T, N, D, H, P] = [4, 3, 2, 3, 2];
const parameters = (gates: number, width = H): { shape: number[] }[] => [
  { shape: [gates * H, D] },
  { shape: [gates * H, width] },
  { shape: [gates * H] },
  { shape: [gates * H] },
];
const timings = [
  { lengths: null, reverse: false },
  { lengths: null, reverse: true },
  { lengths: [4, 0, 2], reverse: false },
  { lengths: [1, 4, 3], reverse: true },
];

describe.each(['require', 'off'] as const)('gradients of whole sequences with fused: %s', (fused) => {
  describe.each(timings)('lengths $lengths, reverse $reverse', (timing) => {
    const shared = { ...timing, fused };
    it.each(['tanh', 'relu'] as const)('rnn, %s', (activation) =>
      checkGradient(
        [{ shape: [T, N, D] }, ...parameters(1), { shape: [N, H] }],
        ([x, weightIh, weightHh, biasIh, biasHh, h0]) =>
          Object.values(
            rnnSequence({
              x: x!,
              weightIh: weightIh!,
              weightHh: weightHh!,
              biasIh: biasIh!,
              biasHh: biasHh!,
              h0: h0!,
              variant: { activation },
              ...shared,
            }),
          ),
        { tolerance: 1e-6 },
      ),
    );
    it.each(['after', 'before'] as const)('gru, reset %s', (reset) =>
      checkGradient(
        [{ shape: [T, N, D] }, ...parameters(3), { shape: [N, H] }],
        ([x, weightIh, weightHh, biasIh, biasHh, h0]) =>
          Object.values(
            gruSequence({
              x: x!,
              weightIh: weightIh!,
              weightHh: weightHh!,
              biasIh: biasIh!,
              biasHh: biasHh!,
              h0: h0!,
              variant: { reset },
              ...shared,
            }),
          ),
        { tolerance: 1e-6 },
      ),
    );
    it.each([false, true])('lstm, peepholes and coupled gates %s', (extra) =>
      checkGradient(
        [{ shape: [T, N, D] }, ...parameters(4), { shape: [N, H] }, { shape: [N, H] }, { shape: [3, H] }],
        ([x, weightIh, weightHh, biasIh, biasHh, h0, c0, peephole]) =>
          Object.values(
            lstmSequence({
              x: x!,
              weightIh: weightIh!,
              weightHh: weightHh!,
              biasIh: biasIh!,
              biasHh: biasHh!,
              h0: h0!,
              c0: c0!,
              peephole: extra ? peephole! : null,
              coupledGates: extra,
              ...shared,
            }),
          ),
        { tolerance: 1e-6 },
      ),
    );
    it('lstm with a projection and no biases', () =>
      checkGradient(
        [{ shape: [T, N, D] }, { shape: [4 * H, D] }, { shape: [4 * H, P] }, { shape: [P, H] }],
        ([x, weightIh, weightHh, weightHr]) =>
          Object.values(
            lstmSequence({ x: x!, weightIh: weightIh!, weightHh: weightHh!, weightHr: weightHr!, ...shared }),
          ),
        { tolerance: 1e-6 },
      ));
  });
});

describe('no steps', () => {
  it('gives an empty output and the state unchanged', async () => {
    const backend = createReferenceBackend();
    const h0 = tensor(backend, [[1, 2, 3]]);
    const weights = { weightIh: zeros(backend, [9, D]), weightHh: zeros(backend, [9, H]), h0 };
    for (const fused of ['require', 'off'] as const) {
      const { output, hN } = gruSequence({ x: zeros(backend, [0, 1, D]), ...weights, fused });
      expect(output.shape).toEqual([0, 1, H]);
      expect(await hN.array()).toEqual([[1, 2, 3]]);
    }
  });
});

describe('errors', () => {
  const backend = createReferenceBackend();
  const weights = { weightIh: zeros(backend, [12, 16]), weightHh: zeros(backend, [12, 3]) };
  const run = (x: Tensor, more: object = {}): unknown => lstmSequence({ x, ...weights, ...more });
  it('name the size that does not fit', () => {
    expect(() => run(zeros(backend, [20, 4, 8]))).toThrow(
      '[lstmSequence] expected x of shape [T, N, 16], got [20, 4, 8]; pass inputSize: 8 or project x first',
    );
    expect(() => run(zeros(backend, [20, 4, 16]), { h0: zeros(backend, [4, 4]) })).toThrow(
      /expected h0 of shape \[4, 3\], got \[4, 4\]/,
    );
  });
  it('name the entry of lengths that is out of range', () => {
    expect(() => run(zeros(backend, [20, 2, 16]), { lengths: [20, 21] })).toThrow(
      /lengths\[1\] is 21; expected an integer in 0…20/,
    );
    expect(() => run(zeros(backend, [20, 2, 16]), { lengths: [20] })).toThrow(/expected 2 lengths/);
  });
});

describe('scan', () => {
  it("runs a user's own cell, with lengths, in both directions", async () => {
    for (const reverse of [false, true]) {
      await checkGradient([{ shape: [4, 2, 2] }, { shape: [2, 2] }], ([x, start]) => {
        const { output, state } = scan(
          (input, { h }: { h: Tensor }) => {
            const next = add(affine(h, 0.9), affine(input, 0.1));
            return { output: affine(next, 2), state: { h: next } };
          },
          x!,
          { h: start! },
          { lengths: [2, 4], reverse },
        );
        return [output, state.h];
      });
    }
  });
});
