import { expect, test } from 'vitest';
import { createWith } from './create.ts';

test('a koffi that does not load is a typed error that names the way out', async () => {
  const load = (): Promise<never> => Promise.reject(new Error('invalid ELF header'));
  await expect(createWith(load, {})).rejects.toMatchObject({
    code: 'NO_DEVICE',
    message: expect.stringMatching(/koffi.*invalid ELF header.*createBackend\('auto'\)/) as string,
  });
});
