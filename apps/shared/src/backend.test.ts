import { expect, type MockInstance, test, vi } from 'vitest';
import { backendNames, createBackend, withBackend } from './backend.ts';
import { UsageError } from './errors.ts';

test('cpu gives the CPU backend, auto the first that works', async () => {
  expect(backendNames).toEqual(['auto', 'webgpu', 'native', 'cpu']);
  for (const [name, expected] of [
    ['cpu', /^cpu$/u],
    ['auto', /^(cpu|native|webgpu)$/u],
  ] as const) {
    const backend = await createBackend(name);
    expect(backend.name).toMatch(expected);
    await backend.dispose();
  }
});

test('withBackend frees it, also after a failure', async () => {
  let dispose: MockInstance | undefined;
  const failure = withBackend('cpu', async (backend) => {
    dispose = vi.spyOn(backend, 'dispose');
    throw new UsageError('stop');
  });
  await expect(failure).rejects.toThrow('stop');
  expect(dispose).toHaveBeenCalledOnce();
});

test('a backend without a device is a mistake in the flags, with the way out', async () => {
  // Dawn finds no adapter where its Vulkan loader is pointed at a driver that is not there.
  process.env['VK_ICD_FILENAMES'] = '/nowhere/driver.json';
  process.env['VK_DRIVER_FILES'] = '/nowhere/driver.json';
  const failure: unknown = await createBackend('webgpu').then(
    (backend) => backend.dispose(),
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(UsageError);
  expect((failure as Error).message).toMatch(/--backend webgpu cannot be used here: .+; leave --backend out/u);
});
