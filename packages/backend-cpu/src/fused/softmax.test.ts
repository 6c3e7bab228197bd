import { describe, expect, test } from 'vitest';
import { expectAgreement, randomNumbers, runFused, useDevices } from '../test-support/fused-call.ts';

const devices = useDevices();

describe.each(['softmax', 'logSoftmax'] as const)('%s', (name) => {
  test('agrees with float64 and does not depend on the threads', async () => {
    const random = randomNumbers(1);
    for (const [rows, classes] of [
      [1, 1],
      [3, 2],
      [7, 3],
      [5, 4],
      [9, 5],
      [4, 8],
      [6, 13],
      [3, 64],
      [2, 1001],
      [0, 3],
      [200, 11],
    ] as const) {
      for (const scale of [1, 30]) {
        const x = random.normals(rows * classes, scale, 5);
        await expectAgreement(devices, name, {
          spec: { rows, classes },
          inputs: { x },
          upstream: { y: random.normals(rows * classes) },
        });
      }
    }
  });

  test('a class masked by −∞ gets no probability, a NaN stays in its row', async () => {
    const x = Float32Array.of(1, -Infinity, 2, 0.5, -1, NaN, 0, 1, 1, 2, 3, 4);
    const results = await runFused(devices.cpu[1]!, name, {
      spec: { rows: 3, classes: 4 },
      inputs: { x },
      upstream: { y: new Float32Array(12).fill(1) },
    });
    expect(results['y']![1]).toBe(name === 'softmax' ? 0 : -Infinity);
    expect([...results['y']!].map(Number.isNaN)).toEqual(
      [4, 5, 6, 7].reduce((flags, at) => flags.with(at, true), new Array<boolean>(12).fill(false)),
    );
  });
});
