import { memoryStorage } from '@timestep/train';
import { describe, expect, test } from 'vitest';
import { openDevice } from './adapter.ts';
import { Runtime } from './device/runtime.ts';
import { writes } from './device/kernel.ts';
import { createWebGpuBackend } from './index.ts';
import { missingAdapter } from './test-support/adapter.ts';
import { characterTrainer } from './test-support/character-model.ts';

const missing = await missingAdapter();

test('without an adapter: a typed error that says what to install', async () => {
  const gpu = { requestAdapter: async () => null } as unknown as GPU;
  await expect(createWebGpuBackend({ gpu })).rejects.toMatchObject({
    name: 'DeviceError',
    code: 'NO_DEVICE',
    message: expect.stringMatching(/no adapter; install .*apt-get install .*or use backend-cpu/s),
  });
});

test('options out of their range are refused', async () => {
  await expect(createWebGpuBackend({ maxCachedBytes: -1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(createWebGpuBackend({ workPerSubmit: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

describe.skipIf(missing !== null)('failures of a device', () => {
  test('requireHardware refuses a software adapter, by name', async () => {
    const backend = await createWebGpuBackend();
    const { software, device } = backend.capabilities;
    await backend.dispose();
    const required = createWebGpuBackend({ requireHardware: true });
    if (!software) return (await required).dispose();
    await expect(required).rejects.toMatchObject({ code: 'NO_DEVICE', message: expect.stringContaining(device) });
  });

  test('a lost device: every later read and sync rejects with DEVICE_LOST, and nothing hangs', async () => {
    const backend = await createWebGpuBackend();
    const x = backend.alloc('f32', 4);
    backend.fill(x, 1);
    const pending = backend.read(x);
    backend.device.destroy();
    await pending.catch((error: unknown) => expect(error).toMatchObject({ code: 'DEVICE_LOST' }));
    backend.fill(x, 2);
    await expect(backend.read(x)).rejects.toMatchObject({
      name: 'DeviceError',
      code: 'DEVICE_LOST',
      message: expect.stringContaining('resume from the last checkpoint'),
    });
    await expect(backend.sync()).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    await backend.dispose();
  });

  test('a device lost in the middle of a run: the checkpoint goes on on a new one, to the same weights', async () => {
    const sizes = { vocabulary: 6, embedding: 5, hiddenSize: 12, batch: 3, steps: 4 };
    const whole = await createWebGpuBackend();
    const expected = (await characterTrainer(whole, sizes, { readEvery: 5 }).fit({ steps: 30 })).loss;
    await whole.dispose();

    const storage = memoryStorage();
    const options = { readEvery: 5, storage, checkpoints: { every: 10 } };
    const first = await createWebGpuBackend();
    const doomed = characterTrainer(first, sizes, {
      ...options,
      onProgress: ({ step }) => step === 15 && first.device.destroy(),
    });
    await expect(doomed.fit({ steps: 30 })).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    await first.dispose();

    const second = await createWebGpuBackend();
    const resumed = characterTrainer(second, sizes, options);
    expect(await resumed.resume()).toMatchObject({ step: 10, damaged: [] });
    expect((await resumed.fit({ steps: 30 })).loss).toBe(expected);
    await second.dispose();
  });

  test('a kernel that does not compile: the next read says which, and why', async () => {
    const { device } = await openDevice({});
    const runtime = new Runtime(device, { maxCachedBytes: 0, workPerSubmit: 1e12, timestamps: false });
    const kernel = runtime.kernel('wrong', () => ({
      name: 'wrong',
      bindings: [writes('out', 'f32')],
      parameters: {},
      workgroupSize: 1,
      body: '  out[0] = undeclared;',
    }));
    const out = runtime.alloc('f32', 1);
    runtime.run(kernel, [out], {}, 1);
    await expect(runtime.read([out])).rejects.toMatchObject({
      code: 'KERNEL_FAILED',
      message: expect.stringMatching(/kernel 'wrong' does not compile.*undeclared/s),
    });
    device.destroy();
    await device.lost;
  });

  test('a buffer over the limits of the adapter: refused at once, with the size asked for', async () => {
    const backend = await createWebGpuBackend();
    const length = backend.capabilities.maxBufferBytes / 4 + 1;
    const { buffers, bytes } = backend.memory();
    expect(() => backend.alloc('f32', length)).toThrow(
      expect.objectContaining({ name: 'OutOfMemoryError', code: 'OUT_OF_MEMORY', bytes: 4 * length }),
    );
    expect(backend.memory()).toMatchObject({ buffers, bytes });
    await backend.dispose();
  });

  test('more memory than there is: the next sync rejects with the size asked for', async () => {
    const backend = await createWebGpuBackend();
    const length = Math.floor(backend.capabilities.maxBufferBytes / 4);
    const small = backend.alloc('f32', 1);
    backend.fill(small, 1);
    // As many as it takes: SwiftShader has no room for the first.
    let error: unknown = null;
    for (let n = 0; n < 1000 && error === null; n++) {
      backend.alloc('f32', length);
      error = await backend.sync().then(
        () => null,
        (reason: unknown) => reason,
      );
    }
    expect(error).toMatchObject({
      name: 'OutOfMemoryError',
      code: 'OUT_OF_MEMORY',
      bytes: 4 * length,
      message: expect.stringContaining(String(4 * length)),
    });
    // What was there before goes on.
    expect(await backend.read(small)).toEqual(Float32Array.of(1));
    await backend.dispose();
  });
});
