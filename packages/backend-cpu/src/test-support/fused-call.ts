import type { DeviceBuffer, FusedOp, FusedOps, HostArray, MemoryCounters } from '@timestep/backend-api';
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { afterAll, beforeAll, expect } from 'vitest';
import { createCpuBackend } from '../index.ts';

type Arrays = Readonly<Record<string, HostArray | null>>;
type Buffers = Readonly<Record<string, DeviceBuffer | null>>;
type AnyOp = FusedOp<object, Buffers, Readonly<Record<string, DeviceBuffer>>, Buffers, Buffers>;

/** The part of a backend that a test needs. */
export interface Device {
  readonly fused: FusedOps;
  alloc(dtype: 'f32' | 'i32', length: number): DeviceBuffer;
  free(buffer: DeviceBuffer): void;
  write(buffer: DeviceBuffer, data: HostArray): void;
  read(buffer: DeviceBuffer): Promise<HostArray>;
  memory(): MemoryCounters;
}

export interface Devices {
  /** In float64 */
  readonly reference: Device;
  /** With 1, 2 and 3 threads, which share even the smallest job */
  readonly cpu: readonly Device[];
}

/** The backends of a test file, opened before its tests and closed after them. */
export function useDevices(): Devices {
  const reference = createReferenceBackend();
  const cpu: Device[] = [];
  let close = async (): Promise<unknown> => undefined;
  beforeAll(async () => {
    const backends = await Promise.all([1, 2, 3].map((threads) => createCpuBackend({ threads })));
    for (const backend of backends) backend.engine.partsFor = () => backend.engine.threads;
    cpu.push(...backends);
    close = () => Promise.all(backends.map((backend) => backend.dispose()));
  });
  afterAll(() => close());
  return { reference, cpu };
}

/** The array on a device: integers as i32, everything else as f32. */
export function upload(device: Device, data: HostArray): DeviceBuffer {
  const buffer = device.alloc(data instanceof Int32Array ? 'i32' : 'f32', data.length);
  device.write(buffer, data);
  return buffer;
}

export interface FusedCall {
  /** Without `needsSaved` */
  readonly spec: object;
  readonly inputs: Arrays;
  /** The gradient of each output */
  readonly upstream: Arrays;
}

/**
 * Runs both passes and reads the outputs, and the gradients under `d` and the input's name. Fails where a buffer is
 * leaked.
 */
export async function runFused(
  device: Device,
  name: keyof FusedOps,
  call: FusedCall,
): Promise<Record<string, HostArray>> {
  const before = device.memory().buffers;
  const op = device.fused[name] as unknown as AnyOp;
  const uploadAll = (arrays: Arrays): Buffers =>
    Object.fromEntries(Object.entries(arrays).map(([key, data]) => [key, data && upload(device, data)]));
  const spec = { ...call.spec, needsSaved: true };
  const [inputs, gradients] = [uploadAll(call.inputs), uploadAll(call.upstream)];
  const { outputs, saved } = op.forward(spec, inputs);
  const wanted = Object.fromEntries(
    Object.entries(call.inputs).map(([key, data]) => [key, data !== null && !(data instanceof Int32Array)]),
  );
  const made = op.backward(spec, { inputs, outputs, saved: saved!, gradients, wanted });
  saved!.release();
  const results: Record<string, HostArray> = {};
  for (const [key, buffer] of Object.entries(outputs)) results[key] = await device.read(buffer);
  for (const [key, buffer] of Object.entries(made)) if (buffer) results[`d${key}`] = await device.read(buffer);
  for (const buffer of [inputs, gradients, outputs, made].flatMap((record) =>
    Object.values<DeviceBuffer | null>(record),
  ))
    if (buffer) device.free(buffer);
  expect(device.memory().buffers, 'buffers left behind').toBe(before);
  return results;
}

/** |got − expected| ≤ absolute + relative·|expected| for each element; infinities and NaN must be the same. */
export function expectClose(
  what: string,
  got: HostArray,
  expected: HostArray,
  relative: number,
  absolute: number,
): void {
  expect(got.length, what).toBe(expected.length);
  const wrong = expected.findIndex(
    (value, k) =>
      !Object.is(value, got[k]) &&
      !(Math.abs(got[k]! - value) <= absolute + relative * Math.abs(value)) &&
      !(value === 0 && got[k] === 0),
  );
  if (wrong >= 0) expect.fail(`${what}[${wrong}] is ${got[wrong]}, expected ${expected[wrong]}`);
}

/** Every thread count must give the same bits, within DESIGN's tolerances of the float64 reference. */
export async function expectAgreement(
  { reference, cpu }: Devices,
  name: keyof FusedOps,
  call: FusedCall,
): Promise<void> {
  const expected = await runFused(reference, name, call);
  const [single, ...threaded] = await Promise.all(cpu.map((device) => runFused(device, name, call)));
  for (const other of threaded) expect(other, 'the number of threads changes the result').toStrictEqual(single);
  for (const [key, values] of Object.entries(expected)) {
    const isOutput = key in call.upstream;
    expectClose(key, single![key]!, values, isOutput ? 1e-5 : 1e-4, isOutput ? 1e-6 : 1e-5);
  }
}

/** A seeded source of normal deviates and integers, exact in f32. */
export function randomNumbers(seed: number) {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    /** In 0…limit − 1 */
    integer: (limit: number): number => Math.floor(uniform() * limit),
    normals: (length: number, scale = 1, mean = 0): Float32Array =>
      Float32Array.from({ length }, () => mean + scale * normal()),
    integers: (length: number, limit: number): Int32Array =>
      Int32Array.from({ length }, () => Math.floor(uniform() * limit)),
  };
}
