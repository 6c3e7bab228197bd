import type { DeviceBuffer, LayerNormOp, MaybeBuffer } from '@timestep/backend-api';
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingLibrary } from '../test-support/libraries.ts';
import { numbers, openNative, type NativeDevice } from '../test-support/native.ts';
import { nativeLayerNorm } from './layer-norm.ts';

interface Shape {
  readonly rows: number;
  readonly columns: number;
  readonly weight: boolean;
  readonly bias: boolean;
}

interface Case extends Shape {
  /** Whether it is the library's with the threshold below */
  readonly taken: boolean;
}

type Holder = Pick<NativeDevice['cpu'], 'alloc' | 'free' | 'write' | 'read'>;

const threshold = 120;
const sizes = [
  [1, 1, false],
  [3, 2, false],
  [0, 16, false],
  [7, 16, false],
  [8, 16, true],
  [50, 64, true],
  // Few columns that are not whole cache lines, and many
  [40, 15, false],
  [9, 119, false],
  [1, 119, false],
  [1, 120, true],
  [3, 1001, true],
] as const;
const cases: readonly Case[] = sizes.flatMap(([rows, columns, taken]) =>
  [0, 1, 2, 3].map((mask) => ({ rows, columns, taken, weight: (mask & 1) > 0, bias: (mask & 2) > 0 })),
);
const everything = { x: true, weight: true, bias: true };

/** Both passes: y, and the gradients that are wanted. Frees what it makes. */
async function run(
  device: Holder,
  op: LayerNormOp,
  { rows, columns, weight, bias }: Shape,
  wanted = everything,
): Promise<Record<string, ArrayLike<number>>> {
  const put = (length: number, seed: number, scale = 1, offset = 0): DeviceBuffer => {
    const buffer = device.alloc('f32', length);
    device.write(
      buffer,
      numbers(length, seed).map((value) => scale * value + offset),
    );
    return buffer;
  };
  const inputs = {
    x: put(rows * columns, 1, 4, 1),
    weight: weight ? put(columns, 2) : null,
    bias: bias ? put(columns, 3) : null,
  };
  const spec = { rows, columns, epsilon: 1e-5, needsSaved: true };
  const { outputs, saved } = op.forward(spec, inputs);
  const upstream = put(rows * columns, 4);
  const gradients = op.backward(spec, {
    inputs,
    outputs,
    saved: saved!,
    gradients: { y: upstream },
    wanted: { x: wanted.x, weight: wanted.weight && weight, bias: wanted.bias && bias },
  });
  saved!.release();
  const results: Record<string, ArrayLike<number>> = { y: await device.read(outputs.y) };
  for (const [name, buffer] of Object.entries(gradients)) if (buffer) results[`d${name}`] = await device.read(buffer);
  const made: MaybeBuffer[] = [
    ...Object.values(inputs),
    outputs.y,
    upstream,
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-assertion -- without it the type is inferred otherwise
    ...(Object.values(gradients) as MaybeBuffer[]),
  ];
  for (const buffer of made) if (buffer) device.free(buffer);
  return results;
}

describe.skipIf(missingLibrary('onednn') !== null).each([1, 2])('with %i threads', (threads) => {
  const reference = createReferenceBackend();
  let device: NativeDevice;
  let op: LayerNormOp;
  let always: LayerNormOp;

  beforeAll(async () => {
    device = await openNative(threads);
    op = nativeLayerNorm(device.native, threshold, device.cpu.fused.layerNorm);
    always = nativeLayerNorm(device.native, 0, device.cpu.fused.layerNorm);
  });
  afterAll(() => device.close());

  test.each(cases)(
    '$rows × $columns, weight $weight, bias $bias: agrees with float64 on both sides of the threshold',
    async (one) => {
      const expected = await run(reference, reference.fused.layerNorm, one);
      for (const [tried, taken] of [
        [op, one.taken],
        [always, one.rows > 0],
      ] as const) {
        const before = [device.cpu.memory().buffers, device.calls()] as const;
        const got = await run(device.cpu, tried, one);
        expect(device.cpu.memory().buffers, 'buffers left behind').toBe(before[0]);
        expect(device.calls() - before[1], 'calls of the library').toBe(taken ? 2 : 0);
        expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
        for (const [name, values] of Object.entries(expected)) {
          // The house's agreement of outputs, and of gradients in units of their largest.
          const [relative, absolute] =
            name === 'y' ? [1e-5, 2e-6] : [1e-4, 1e-5 * Math.max(1, ...Array.from(values, Math.abs))];
          Array.from(values).forEach((value, n) => {
            expect(Math.abs(got[name]![n]! - value), `${name}[${n}]`).toBeLessThanOrEqual(
              relative * Math.abs(value) + absolute,
            );
          });
        }
      }
    },
  );

  test('gives what is wanted and nothing else', async () => {
    const one = { rows: 16, columns: 16, weight: true, bias: true };
    for (const name of ['x', 'weight', 'bias'] as const) {
      const wanted = { x: false, weight: false, bias: false, [name]: true };
      expect(Object.keys(await run(device.cpu, op, one, wanted))).toEqual(['y', `d${name}`]);
    }
  });

  test('the memory of 1,000 calls is that of one', () => {
    const x = device.cpu.alloc('f32', 64 * 32);
    device.cpu.fill(x, 0.5);
    const before = device.cpu.memory();
    for (let call = 0; call < 1000; call++) {
      const needsSaved = call % 2 === 0;
      const spec = { rows: 64, columns: 32, epsilon: 1e-5, needsSaved };
      const inputs = { x, weight: null, bias: null };
      const { outputs, saved } = op.forward(spec, inputs);
      expect(saved !== null).toBe(needsSaved);
      const gradients =
        saved &&
        op.backward(spec, {
          inputs,
          outputs,
          saved,
          gradients: { y: x },
          wanted: { x: true, weight: false, bias: false },
        });
      saved?.release();
      for (const buffer of [outputs.y, gradients?.x]) if (buffer) device.cpu.free(buffer);
    }
    expect(device.cpu.memory().buffers).toBe(before.buffers);
    expect(device.cpu.memory().bytes).toBe(before.bytes);
    expect(device.cpu.memory().peakBytes).toBeLessThan(before.bytes + 8 * 64 * 32 * 4);
    device.cpu.free(x);
  });
});
