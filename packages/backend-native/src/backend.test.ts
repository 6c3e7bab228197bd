import { describe, expect, test } from 'vitest';
import type { DeviceBuffer } from '@timestep/backend-api';
import { createCpuBackend } from '@timestep/backend-cpu';
import { createNativeBackend } from './index.ts';
import { missingLibrary } from './test-support/libraries.ts';
import { numbers } from './test-support/native.ts';

const missing = { onednn: missingLibrary('onednn'), blas: missingLibrary('blas') };

for (const library of ['onednn', 'blas'] as const) {
  describe.skipIf(missing[library] !== null)(`on ${library}`, () => {
    test('says in one line what it found', async () => {
      const backend = await createNativeBackend({ library, threads: 1 });
      expect(backend.capabilities.device).toMatch(/^(oneDNN|BLAS) .*, 1 thread$/);
      await backend.dispose();
    });

    test.each([1, 2])('products over memory that has grown and, with %i threads, may have moved', async (threads) => {
      const [native, portable] = [
        await createNativeBackend({ library, threads }),
        await createCpuBackend({ threads: 1 }),
      ];
      const size = 96;
      const spec = {
        m: size,
        n: size,
        k: size,
        batch: 1,
        aStride: 0,
        bStride: 0,
        transposeA: true,
        transposeB: false,
        accumulate: false,
      };
      const product = async (backend: typeof portable): Promise<Float32Array> => {
        const buffers: DeviceBuffer[] = [];
        const put = (data: Float32Array): DeviceBuffer => {
          const buffer = backend.alloc('f32', data.length);
          backend.write(buffer, data);
          buffers.push(buffer);
          return buffer;
        };
        const [a, b, out] = [
          put(numbers(size * size, 1)),
          put(numbers(size * size, 2)),
          put(new Float32Array(size * size)),
        ];
        backend.matmul(a, b, out, spec);
        backend.fill(out, Number.NaN);
        buffers.push(backend.alloc('f32', 3_000_000));
        backend.matmul(a, b, out, spec);
        const result = (await backend.read(out)) as Float32Array;
        for (const buffer of buffers) backend.free(buffer);
        return result;
      };
      const [got, expected] = [await product(native), await product(portable)];
      // 96 products of at most 1/4: the sums differ by rounding, 96·2⁻²⁴·0.25 at most in each order.
      got.forEach((value, i) => {
        expect(Math.abs(value - expected[i]!)).toBeLessThan(2 * 96 * 2 ** -24 * 0.25);
      });
      await native.dispose();
      await portable.dispose();
    });

    test('the memory of 1,000 steps is that of one', async () => {
      const backend = await createNativeBackend({ library, threads: 2, threshold: 0 });
      const lengths = Int32Array.of(3, 7, 5, 1);
      const spec = {
        steps: 7,
        batch: 4,
        inputSize: 8,
        hiddenSize: 16,
        lengths,
        reverse: true,
        needsSaved: true,
        variant: { reset: 'after' as const },
      };
      const make = (length: number): DeviceBuffer => {
        const buffer = backend.alloc('f32', length);
        backend.fill(buffer, 0.25);
        return buffer;
      };
      const inputs = {
        x: make(7 * 4 * 8),
        weightIh: make(48 * 8),
        weightHh: make(48 * 16),
        biasIh: make(48),
        biasHh: make(48),
        h0: null,
      };
      const wanted = { x: true, weightIh: true, weightHh: true, biasIh: true, biasHh: true, h0: true };
      const before = backend.memory();
      for (let step = 0; step < 1000; step++) {
        const { outputs, saved } = backend.fused.gruSequence.forward(spec, inputs);
        const gradients = backend.fused.gruSequence.backward(spec, {
          inputs,
          outputs,
          saved: saved!,
          gradients: { output: outputs.output, hN: null },
          wanted,
        });
        saved!.release();
        for (const buffer of [...Object.values(outputs), ...Object.values(gradients)])
          if (buffer !== null) backend.free(buffer as DeviceBuffer);
      }
      expect(backend.memory().buffers).toBe(before.buffers);
      expect(backend.memory().bytes).toBe(before.bytes);
      expect(backend.memory().peakBytes).toBeLessThan(before.bytes + 200_000);
      await backend.dispose();
    });
  });
}

describe.skipIf(missing.onednn !== null)('the functions that oneDNN has', () => {
  test('are its own from the threshold on, and the CPU backend’s below', async () => {
    const [rows, columns] = [25, 200];
    const data = numbers(rows * columns, 5).map((value) => 8 * value);
    const results = async (backend: typeof portable): Promise<Float32Array[]> => {
      const buffers = [0, 1, 2].map(() => backend.alloc('f32', data.length));
      const [x, tanh, sigmoid] = buffers as [DeviceBuffer, DeviceBuffer, DeviceBuffer];
      backend.write(x, data);
      backend.unary('tanh', x, tanh, 0, 0);
      backend.unary('sigmoid', x, sigmoid, 0, 0);
      const { outputs } = backend.fused.layerNorm.forward(
        { rows, columns, epsilon: 1e-5, needsSaved: false },
        { x, weight: null, bias: null },
      );
      const read = await Promise.all(
        [tanh, sigmoid, outputs.y].map((buffer) => backend.read(buffer) as Promise<Float32Array>),
      );
      await backend.dispose();
      return read;
    };
    const portable = await createCpuBackend({ threads: 1 });
    const expected = await results(portable);
    // There are 5,000 elements: tanh and sigmoid want five times the threshold, the layer normalisation fifteen times.
    for (const [threshold, same] of [
      [1001, [true, true, true]],
      [1000, [false, false, true]],
      [334, [false, false, true]],
      [333, [false, false, false]],
    ] as const) {
      const got = await results(await createNativeBackend({ library: 'onednn', threads: 1, threshold }));
      // Two implementations round differently somewhere among 5,000 numbers.
      expect(
        got.map((values, k) => values.every((value, n) => value === expected[k]![n])),
        `threshold ${threshold}`,
      ).toEqual(same);
    }
  });
});
