import { test } from 'vitest';
import { expectAgreement, randomNumbers, useDevices } from '../test-support/fused-call.ts';

const devices = useDevices();

test('agrees with float64 and does not depend on the threads', async () => {
  const random = randomNumbers(3);
  for (const [rows, columns] of [
    [1, 1],
    [4, 2],
    [7, 3],
    [9, 4],
    [5, 17],
    [50, 64],
    [3, 1001],
    [0, 5],
  ] as const) {
    for (const without of [[], ['weight'], ['bias'], ['weight', 'bias']]) {
      const make = (name: string): Float32Array | null => (without.includes(name) ? null : random.normals(columns));
      const inputs = { x: random.normals(rows * columns, 2, 1), weight: make('weight'), bias: make('bias') };
      await expectAgreement(devices, 'layerNorm', {
        spec: { rows, columns, epsilon: 1e-5 },
        inputs,
        upstream: { y: random.normals(rows * columns) },
      });
    }
  }
});
