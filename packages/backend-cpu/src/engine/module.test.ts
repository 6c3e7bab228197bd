import { expect, test } from 'vitest';
import { compileKernels, hasRelaxedSimd } from './module.ts';

test('the Node that runs the tests has relaxed SIMD', () => {
  expect(hasRelaxedSimd()).toBe(true);
});

test.each([
  { relaxedSimd: false, shared: false },
  { relaxedSimd: false, shared: true },
  { relaxedSimd: true, shared: false },
  { relaxedSimd: true, shared: true },
])('the embedded kernels compile and take their kind of memory: %o', async ({ relaxedSimd, shared }) => {
  const module = await compileKernels({ relaxedSimd, shared });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared });
  const { exports } = await WebAssembly.instantiate(module, { env: { memory, multiply: () => undefined } });
  expect(exports['heapBase']).toBeTypeOf('function');
  const other = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: !shared });
  await expect(WebAssembly.instantiate(module, { env: { memory: other, multiply: () => undefined } })).rejects.toThrow(
    WebAssembly.LinkError,
  );
});
