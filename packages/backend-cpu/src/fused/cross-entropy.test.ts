import { expect, test } from 'vitest';
import { expectAgreement, randomNumbers, runFused, useDevices } from '../test-support/fused-call.ts';

const devices = useDevices();

test('agrees with float64 and does not depend on the threads', async () => {
  const random = randomNumbers(2);
  for (const [rows, classes] of [
    [1, 1],
    [5, 2],
    [33, 3],
    [17, 10],
    [40, 65],
    [3, 1003],
    [0, 4],
  ] as const) {
    for (const labelSmoothing of [0, 0.1, 1]) {
      const targets = random.integers(rows, classes).map((target, row) => (row % 5 === 4 ? -100 : target));
      const spec = { rows, classes, labelSmoothing, ignoreIndex: -100 };
      await expectAgreement(devices, 'crossEntropy', {
        spec,
        inputs: { logits: random.normals(rows * classes, 3), targets },
        upstream: { losses: random.normals(rows) },
      });
    }
  }
});

test('a target that is no class makes the loss and its gradient NaN instead of reading elsewhere', async () => {
  const spec = { rows: 3, classes: 2, labelSmoothing: 0, ignoreIndex: -1 };
  const inputs = { logits: Float32Array.of(1, 2, 3, 4, 5, 6), targets: Int32Array.of(0, 2, -2) };
  const { losses, dlogits } = await runFused(devices.cpu[0]!, 'crossEntropy', {
    spec,
    inputs,
    upstream: { losses: Float32Array.of(1, 1, 1) },
  });
  expect([...losses!].map(Number.isNaN)).toEqual([false, true, true]);
  expect([...dlogits!].map(Number.isNaN)).toEqual([false, false, true, true, true, true]);
});
