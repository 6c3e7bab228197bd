import { afterEach, expect, test, vi } from 'vitest';
import { openDevice } from './adapter.ts';

afterEach(() => vi.unstubAllGlobals());

/** A WebGPU without an adapter. */
const gpu = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;

test.each([
  ['Linux', { versions: { node: '24.0.0' }, platform: 'linux' }, /apt-get install libvulkan1/, /browser/],
  ['Windows', { versions: { node: '24.0.0' }, platform: 'win32' }, /driver of this machine's GPU/, /apt-get|browser/],
  ['a browser', undefined, /hardware acceleration in the browser's settings/, /apt-get|install/],
])('no adapter on %s is an error with what helps there', async (_where, process, expected, never) => {
  vi.stubGlobal('process', process);
  const error: unknown = await openDevice({ gpu }).catch((caught: unknown) => caught);
  vi.unstubAllGlobals();
  expect(error).toMatchObject({ code: 'NO_DEVICE', message: expect.stringMatching(expected) as string });
  expect((error as Error).message).not.toMatch(never);
});
