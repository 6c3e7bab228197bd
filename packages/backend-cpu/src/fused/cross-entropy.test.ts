import { expect, test } from 'vitest';
import { expectAgreement, randomNumbers, useDevices } from '../test-support/fused-call.ts';

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

test('a backward pass whose targets were overwritten with no classes is refused and leaves nothing behind', async () => {
  const [backend] = devices.cpu;
  const before = backend!.memory().buffers;
  const put = (data: Float32Array | Int32Array) => {
    const buffer = backend!.alloc(data instanceof Float32Array ? 'f32' : 'i32', data.length);
    backend!.write(buffer, data);
    return buffer;
  };
  const spec = { rows: 3, classes: 2, labelSmoothing: 0, ignoreIndex: -1, needsSaved: true };
  const inputs = { logits: put(Float32Array.of(1, 2, 3, 4, 5, 6)), targets: put(Int32Array.of(0, 1, -1)) };
  const losses = put(Float32Array.of(1, 1, 1));
  const op = backend!.fused.crossEntropy!;
  const { outputs, saved } = op.forward(spec, inputs);
  backend!.write(inputs.targets, Int32Array.of(0, 2, -2));
  expect(() =>
    op.backward(spec, { inputs, outputs, saved: saved!, gradients: { losses }, wanted: { logits: true } }),
  ).toThrow(/index 2 \(number 1 of the indices\) is out of range; expected 0…1; .*subtract 1/);
  saved!.release();
  for (const buffer of [inputs.logits, inputs.targets, losses, outputs.losses]) backend!.free(buffer);
  expect(backend!.memory().buffers).toBe(before);
});
