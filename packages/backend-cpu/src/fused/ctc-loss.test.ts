import { describe, expect, test } from 'vitest';
import { expectAgreement, expectClose, randomNumbers, runFused, useDevices } from '../test-support/fused-call.ts';

const devices = useDevices();

interface Sizes {
  readonly steps: number;
  readonly batch: number;
  readonly classes: number;
  readonly maxTargetLength: number;
}

/** Labels with repeats, lengths from 0 on, some of them without a path. */
function randomCall({ steps, batch, classes, maxTargetLength }: Sizes, zeroInfinity: boolean, seed: number) {
  const random = randomNumbers(seed);
  const blank = random.integer(classes);
  const inputLengths = random.integers(batch, steps + 1);
  const targetLengths = random.integers(batch, maxTargetLength + 1);
  const targets = random
    .integers(batch * maxTargetLength, classes - 1)
    .map((label) => (label >= blank ? label + 1 : label));
  return {
    spec: { steps, batch, classes, blank, maxTargetLength, inputLengths, targetLengths, targets, zeroInfinity },
    inputs: { logits: random.normals(steps * batch * classes, 2) },
    upstream: { losses: random.normals(batch) },
  };
}

describe('ctcLoss', () => {
  test.each([
    [{ steps: 4, batch: 60, classes: 2, maxTargetLength: 2 }],
    [{ steps: 6, batch: 60, classes: 3, maxTargetLength: 3 }],
    [{ steps: 12, batch: 30, classes: 5, maxTargetLength: 7 }],
    [{ steps: 40, batch: 9, classes: 33, maxTargetLength: 16 }],
    [{ steps: 90, batch: 5, classes: 7, maxTargetLength: 31 }],
    [{ steps: 0, batch: 3, classes: 4, maxTargetLength: 2 }],
    [{ steps: 3, batch: 4, classes: 4, maxTargetLength: 0 }],
  ] as const)('agrees with float64 and does not depend on the threads: %j', async (sizes) => {
    // Without zeroInfinity the gradient of an infinite loss is NaN: forward values are compared, and the gradient with
    // it.
    for (let seed = 1; seed <= 4; seed++) await expectAgreement(devices, 'ctcLoss', randomCall(sizes, true, seed));
    const call = randomCall(sizes, false, 5);
    const [expected, got] = [
      await runFused(devices.reference, 'ctcLoss', call),
      await runFused(devices.cpu[1]!, 'ctcLoss', call),
    ];
    expectClose('losses', got['losses']!, expected['losses']!, 1e-5, 1e-6);
  });

  test('a sequence without a path has an infinite loss, or 0 and a gradient of 0', async () => {
    const spec = {
      steps: 3,
      batch: 2,
      classes: 3,
      blank: 0,
      maxTargetLength: 2,
      inputLengths: Int32Array.of(2, 3),
      targetLengths: Int32Array.of(2, 2),
      targets: Int32Array.of(1, 1, 1, 1),
    };
    const inputs = { logits: randomNumbers(6).normals(18) };
    const upstream = { losses: Float32Array.of(2, 2) };
    const infinite = await runFused(devices.cpu[0]!, 'ctcLoss', {
      spec: { ...spec, zeroInfinity: false },
      inputs,
      upstream,
    });
    expect(infinite['losses']![0]).toBe(Infinity);
    const zero = await runFused(devices.cpu[0]!, 'ctcLoss', {
      spec: { ...spec, zeroInfinity: true },
      inputs,
      upstream,
    });
    expect(zero['losses']![0]).toBe(0);
    const ofFirst = [...zero['dlogits']!].filter((_, at) => Math.floor(at / 3) % 2 === 0);
    expect(ofFirst).toEqual(new Array(9).fill(0));
    expect(zero['losses']![1]).toBe(infinite['losses']![1]);
  });

  test('stays within 1e-5 relative of float64 over 2,000 frames, and within its gradient', async () => {
    const sizes = { steps: 2000, batch: 2, classes: 24, maxTargetLength: 200 };
    const call = randomCall(sizes, true, 7);
    const long = {
      ...call,
      spec: { ...call.spec, inputLengths: Int32Array.of(2000, 1777), targetLengths: Int32Array.of(200, 163) },
    };
    await expectAgreement(devices, 'ctcLoss', long);
  });

  test('a confident network over 5,000 frames neither overflows nor vanishes', async () => {
    const [steps, classes] = [5000, 6];
    const targets = Int32Array.of(1, 2, 2, 5, 3);
    // Each frame is sure of the blank or, five times, of a label: e^−80 beside the best class.
    const logits = Float32Array.from({ length: steps * classes }, (_, at) => {
      const [t, c] = [Math.floor(at / classes), at % classes];
      const label = t % 1000 === 500 ? targets[Math.floor(t / 1000)]! : 0;
      return c === label ? 80 : 0;
    });
    const lengths = { inputLengths: Int32Array.of(steps), targetLengths: Int32Array.of(5) };
    const spec = { steps, batch: 1, classes, blank: 0, maxTargetLength: 5, targets, ...lengths, zeroInfinity: false };
    const call = { spec, inputs: { logits }, upstream: { losses: Float32Array.of(1) } };
    await expectAgreement(devices, 'ctcLoss', call);
    // The same frames against another target: −ln p is about 80 for every label that is not where it should be.
    const wrong = { ...call, spec: { ...spec, targets: Int32Array.of(4, 4, 4, 4, 4) } };
    await expectAgreement(devices, 'ctcLoss', wrong);
  });
});
