import { expect, test } from 'vitest';
import { createNativeBackend } from '../index.ts';

test('a path without such a library: a typed error that names both', async () => {
  await expect(createNativeBackend({ path: 'libnothing-of-the-kind.so' })).rejects.toMatchObject({
    code: 'NO_DEVICE',
    message: expect.stringMatching(
      /found no library, expected libnothing-of-the-kind.so to be one, with the functions of oneDNN or of a BLAS; .*createCpuBackend/,
    ) as string,
  });
});

test('a library of another kind is not taken', async () => {
  await expect(createNativeBackend({ path: 'libc.so.6' })).rejects.toMatchObject({ code: 'NO_DEVICE' });
});

test.each([-1, Number.NaN])('a threshold of %d: a typed error', async (threshold) => {
  await expect(createNativeBackend({ threshold })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/threshold to be a number ≥ 0/) as string,
  });
});

test('an unknown choice: a typed error that names those there are', async () => {
  const options = { library: 'cuda' } as unknown as { library: 'auto' };
  await expect(createNativeBackend(options)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('auto, onednn, blas') as string,
  });
});
