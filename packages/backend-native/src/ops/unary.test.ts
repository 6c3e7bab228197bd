import type { DeviceBuffer } from '@timestep/backend-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingLibrary } from '../test-support/libraries.ts';
import { numbers, openNative, type NativeDevice } from '../test-support/native.ts';
import { nativeUnary } from './unary.ts';

const functions = { tanh: Math.tanh, sigmoid: (x: number) => 1 / (1 + Math.exp(-x)) };
const names = ['tanh', 'sigmoid'] as const;

describe.skipIf(missingLibrary('onednn') !== null).each([1, 2])('with %i threads', (threads) => {
  let device: NativeDevice;

  beforeAll(async () => {
    device = await openNative(threads);
  });
  afterAll(() => device.close());

  function put(data: Float32Array): DeviceBuffer {
    const buffer = device.cpu.alloc('f32', data.length);
    device.cpu.write(buffer, data);
    return buffer;
  }

  test.each(names)('%s is within 1e-5 of float64, relatively, in place too', async (op) => {
    const unary = nativeUnary(device.native, 0);
    // To −80: below −87 the library's exponential is 0, where float64's is not yet.
    const x = Float32Array.of(
      ...numbers(5001, 7).map((value) => 20 * value),
      ...numbers(5001, 8).map((value) => 1e-3 * value),
      -80,
      80,
      1e-30,
      -1e-30,
    );
    const [input, out] = [put(x), put(new Float32Array(x.length))];
    expect(unary(op, input, out)).toBe(true);
    expect(unary(op, input, input)).toBe(true);
    const y = await device.cpu.read(out);
    expect(await device.cpu.read(input)).toEqual(y);
    x.forEach((value, n) => {
      const exact = functions[op](value);
      expect(Math.abs(y[n]! - exact), `${op} of ${value}`).toBeLessThanOrEqual(1e-5 * Math.abs(exact));
    });
    for (const buffer of [input, out]) device.cpu.free(buffer);
  });

  test.each(names)('%s of zeros, infinities, denormals and NaN is what the CPU backend makes of them', async (op) => {
    const x = put(Float32Array.of(0, -0, Infinity, -Infinity, NaN, 1e-40, -1e-40, 3e38, -3e38));
    const [got, expected] = [put(new Float32Array(9)), put(new Float32Array(9))];
    nativeUnary(device.native, 0)(op, x, got);
    device.cpu.unary(op, x, expected, 0, 0);
    // The sigmoid of −3e38 is 1.6e-38 there, 0 here.
    const values = async (buffer: DeviceBuffer): Promise<number[]> =>
      [...(await device.cpu.read(buffer))].map((value) =>
        Math.abs(value) > 1e-39 && Math.abs(value) < 1e-37 ? 0 : value,
      );
    expect(await values(got)).toEqual(await values(expected));
    for (const buffer of [x, got, expected]) device.cpu.free(buffer);
  });

  test('takes what has the threshold, and leaves the rest as it is', async () => {
    const unary = nativeUnary(device.native, 100);
    for (const [length, taken] of [
      [0, false],
      [99, false],
      [100, true],
      [101, true],
    ] as const) {
      const [input, out] = [put(numbers(length, 1)), put(new Float32Array(length).fill(9))];
      const before = device.calls();
      expect(unary('tanh', input, out)).toBe(taken);
      expect(device.calls() - before).toBe(taken ? 1 : 0);
      const y = await device.cpu.read(out);
      expect(y.every((value) => value !== 9)).toBe(taken || length === 0);
      for (const op of ['exp', 'log', 'relu', 'sqrt', 'softplus'] as const)
        expect(unary(op, input, out), op).toBe(false);
      for (const buffer of [input, out]) device.cpu.free(buffer);
    }
    const integers = device.cpu.alloc('i32', 100);
    expect(unary('tanh', integers, integers)).toBe(false);
    device.cpu.free(integers);
  });

  test('the memory of 1,000 calls is that of one', () => {
    const unary = nativeUnary(device.native, 0);
    const x = put(numbers(1000, 2));
    const before = device.cpu.memory();
    for (let call = 0; call < 1000; call++) unary(names[call % 2]!, x, x);
    expect(device.cpu.memory()).toEqual(before);
    device.cpu.free(x);
  });
});
