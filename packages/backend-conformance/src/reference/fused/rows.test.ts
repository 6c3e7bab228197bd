import { describe, expect, test } from 'vitest';
import { gradientErrors } from '../../test-support/finite-differences.ts';
import { TestRandom } from '../../suite/random.ts';
import { createReferenceBackend } from '../backend.ts';

describe('backward passes of the reference against finite differences', () => {
  test('linear', async () => {
    const random = new TestRandom(4);
    const backend = createReferenceBackend();
    const errors = await gradientErrors(backend, backend.fused.linear, {
      spec: { rows: 3, inputSize: 4, outputSize: 2 },
      inputs: { x: random.floats(12), weight: random.floats(8), bias: random.floats(2) },
      upstream: { y: random.floats(6) },
      outputs: ['y'],
    });
    expect(Math.max(...Object.values(errors))).toBeLessThan(1e-8);
  });

  test.each(['softmax', 'logSoftmax'] as const)('%s', async (name) => {
    const random = new TestRandom(5);
    const backend = createReferenceBackend();
    const errors = await gradientErrors(backend, backend.fused[name], {
      spec: { rows: 3, classes: 5 },
      inputs: { x: random.floats(15, -3, 3) },
      upstream: { y: random.floats(15) },
      outputs: ['y'],
    });
    expect(errors['x']).toBeLessThan(1e-8);
  });

  test('layerNorm', async () => {
    const random = new TestRandom(6);
    const backend = createReferenceBackend();
    const errors = await gradientErrors(backend, backend.fused.layerNorm, {
      spec: { rows: 3, columns: 5, epsilon: 1e-3 },
      inputs: { x: random.floats(15, -3, 3), weight: random.floats(5), bias: random.floats(5) },
      upstream: { y: random.floats(15) },
      outputs: ['y'],
    });
    expect(Math.max(...Object.values(errors))).toBeLessThan(1e-8);
  });

  test.each([0, 0.3])('crossEntropy with label smoothing %d', async (labelSmoothing) => {
    const random = new TestRandom(7);
    const backend = createReferenceBackend();
    const targets = backend.alloc('i32', 4);
    backend.write(targets, [2, -100, 0, 4]);
    const errors = await gradientErrors(backend, backend.fused.crossEntropy, {
      spec: { rows: 4, classes: 5, labelSmoothing, ignoreIndex: -100 },
      inputs: { logits: random.floats(20, -3, 3) },
      fixed: { targets },
      upstream: { losses: random.floats(4) },
      outputs: ['losses'],
    });
    expect(errors['logits']).toBeLessThan(1e-8);
  });

  test('ctcLoss', async () => {
    const random = new TestRandom(8);
    const backend = createReferenceBackend();
    const errors = await gradientErrors(backend, backend.fused.ctcLoss, {
      spec: {
        steps: 6,
        batch: 4,
        classes: 4,
        blank: 1,
        targets: Int32Array.of(0, 2, 2, 3, 3, 9, 9, 9, 9, 2, 2, 2),
        maxTargetLength: 3,
        inputLengths: Int32Array.of(6, 5, 3, 4),
        targetLengths: Int32Array.of(3, 2, 0, 3),
        zeroInfinity: true,
      },
      inputs: { logits: random.floats(96, -2, 2) },
      upstream: { losses: random.floats(4, 0.5, 2) },
      outputs: ['losses'],
    });
    expect(errors['logits']).toBeLessThan(1e-8);
  });
});
