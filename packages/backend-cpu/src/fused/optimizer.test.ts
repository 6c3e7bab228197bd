import type { AdamSettings, SgdSettings } from '@timestep/backend-api';
import { expect, test } from 'vitest';
import { expectClose, randomNumbers, upload, useDevices, type Device } from '../test-support/fused-call.ts';

const devices = useDevices();
// None, one, odd, a whole block and one more, several blocks
const lengths = [0, 1, 7, 4096, 4097, 20_003];

type Run = (device: Device) => Promise<Float32Array[]>;

/** Every thread count gives the same bits, within an optimizer run's tolerance of float64. */
async function expectSame(run: Run): Promise<Float32Array[]> {
  const expected = await run(devices.reference);
  const [single, ...threaded] = await Promise.all(devices.cpu.map(run));
  for (const other of threaded) expect(other, 'the number of threads changes the result').toStrictEqual(single);
  single!.forEach((values, k) => expectClose(`array ${k}`, values, expected[k]!, 1e-4, 1e-5));
  return single!;
}

async function readAll(device: Device, buffers: ReturnType<Device['alloc']>[]): Promise<Float32Array[]> {
  const arrays = await Promise.all(buffers.map((buffer) => device.read(buffer)));
  for (const buffer of buffers) device.free(buffer);
  return arrays as Float32Array[];
}

const adam: AdamSettings = {
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.05,
  decoupled: false,
  step: 1,
};

function adamRun(settings: AdamSettings, factor: number | null): Run {
  return async (device) => {
    const random = randomNumbers(4);
    const slots = lengths.map((length) => ({
      parameter: upload(device, random.normals(length)),
      gradient: upload(device, random.normals(length)),
      firstMoment: upload(device, new Float32Array(length)),
      secondMoment: upload(device, new Float32Array(length)),
    }));
    const scalar = factor === null ? null : upload(device, Float32Array.of(factor));
    for (let step = 1; step <= 5; step++) device.fused.adamStep!.run(slots, { ...settings, step }, scalar);
    for (const { gradient } of slots) device.free(gradient);
    if (scalar) device.free(scalar);
    return readAll(
      device,
      slots.flatMap(({ parameter, firstMoment, secondMoment }) => [parameter, firstMoment, secondMoment]),
    );
  };
}

test.each([
  [adam, null],
  [adam, 0.25],
  [{ ...adam, decoupled: true }, 1],
] as const)('five steps of Adam %#', async (settings, factor) => {
  await expectSame(adamRun(settings, factor));
});

const sgd: SgdSettings = {
  learningRate: 0.1,
  momentum: 0.9,
  dampening: 0,
  nesterov: false,
  weightDecay: 0.01,
  first: true,
};

function sgdRun(settings: SgdSettings, factor: number | null): Run {
  return async (device) => {
    const random = randomNumbers(5);
    const slots = lengths.map((length) => ({
      parameter: upload(device, random.normals(length)),
      gradient: upload(device, random.normals(length)),
      velocity: settings.momentum === 0 ? null : upload(device, new Float32Array(length)),
    }));
    const scalar = factor === null ? null : upload(device, Float32Array.of(factor));
    for (let step = 1; step <= 4; step++) device.fused.sgdStep!.run(slots, { ...settings, first: step === 1 }, scalar);
    for (const { gradient } of slots) device.free(gradient);
    if (scalar) device.free(scalar);
    return readAll(
      device,
      slots.flatMap(({ parameter, velocity }) => (velocity ? [parameter, velocity] : [parameter])),
    );
  };
}

test.each([
  [{ ...sgd, momentum: 0 }, null],
  [sgd, 0.5],
  [{ ...sgd, dampening: 0.3 }, null],
  [{ ...sgd, nesterov: true }, 1],
] as const)('four steps of gradient descent %#', async (settings, factor) => {
  await expectSame(sgdRun(settings, factor));
});

test('a negative factor leaves everything as it was', async () => {
  const untouched = await adamRun({ ...adam }, -1)(devices.cpu[1]!);
  const random = randomNumbers(4);
  lengths.forEach((length, k) => {
    expect(untouched[3 * k]).toStrictEqual(random.normals(length));
    random.normals(length);
    expect(untouched[3 * k + 1]).toStrictEqual(new Float32Array(length));
  });
});

test('the global norm and its factor, also of gradients whose squares leave f32', async () => {
  const cases: [scale: number, maxNorm: number][] = [
    [1, 0],
    [1, 1],
    [1, 1e9],
    [1e25, 1],
    [1e-25, 1],
  ];
  for (const [scale, maxNorm] of cases) {
    await expectSame(async (device) => {
      const random = randomNumbers(6);
      const gradients = lengths.map((length) => upload(device, random.normals(length, scale)));
      const [norm, factor] = [upload(device, new Float32Array(1)), upload(device, new Float32Array(1))];
      device.fused.globalNorm!.run(gradients, maxNorm, norm, factor);
      for (const gradient of gradients) device.free(gradient);
      return readAll(device, [norm, factor]);
    });
  }
});

test('a norm that is not finite has the factor −1', async () => {
  for (const bad of [NaN, Infinity, -Infinity]) {
    const device = devices.cpu[2]!;
    const gradient = upload(device, new Float32Array(9000).fill(bad, 8500, 8501));
    const [norm, factor] = [upload(device, new Float32Array(1)), upload(device, new Float32Array(1))];
    device.fused.globalNorm!.run([gradient], 1, norm, factor);
    expect((await readAll(device, [norm, factor, gradient]))[1]![0]).toBe(-1);
  }
});
