import { expect, test } from 'vitest';
import { openBlasCoreType, withEnvironment } from './environment.ts';

const skylakeFlags = 'fpu sse avx2 fma avx512f avx512dq avx512cd avx512bw avx512vl';

test.each([
  ['an AMD processor with AVX-512', `vendor_id\t: AuthenticAMD\nflags\t\t: ${skylakeFlags}\n`, 'SkylakeX'],
  ['an AMD processor without', 'vendor_id\t: AuthenticAMD\nflags\t\t: fpu sse avx2 fma\n', null],
  ['an Intel processor: the library knows it', `vendor_id\t: GenuineIntel\nflags\t\t: ${skylakeFlags}\n`, null],
  ['no description', '', null],
])('asks OpenBLAS for a core type on %s', (_, cpuinfo, expected) => {
  expect(openBlasCoreType(cpuinfo)).toBe(expected);
});

test('variables are set while loading only, and those of the user stay', () => {
  process.env['TIMESTEP_TEST_USERS'] = 'mine';
  const seen = withEnvironment({ TIMESTEP_TEST_USERS: 'ours', TIMESTEP_TEST_NEW: 'ours' }, () => [
    process.env['TIMESTEP_TEST_USERS'],
    process.env['TIMESTEP_TEST_NEW'],
  ]);
  expect(seen).toEqual(['mine', 'ours']);
  expect(process.env['TIMESTEP_TEST_NEW']).toBeUndefined();
  expect(process.env['TIMESTEP_TEST_USERS']).toBe('mine');
  delete process.env['TIMESTEP_TEST_USERS'];
});
