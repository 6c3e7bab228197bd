import { expect, test } from 'vitest';
import { createNativeBackend } from '../index.ts';

test('a library that is not there: a typed error that says what to install', async () => {
  await expect(createNativeBackend({ path: 'libnothing-of-the-kind.so' })).rejects.toMatchObject({
    code: 'NO_DEVICE',
    message: expect.stringMatching(/found no library, expected libnothing-of-the-kind.so; .*createCpuBackend/) as string,
  });
});

test('a library of another kind is not taken', async () => {
  await expect(createNativeBackend({ path: 'libc.so.6' })).rejects.toMatchObject({ code: 'NO_DEVICE' });
});

test('an unknown choice: a typed error that names those there are', async () => {
  const options = { library: 'cuda' } as unknown as { library: 'auto' };
  await expect(createNativeBackend(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('auto, onednn, blas') as string });
});
