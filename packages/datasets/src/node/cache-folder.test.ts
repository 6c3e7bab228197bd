import { expect, test } from 'vitest';
import { cacheFolder } from './index.ts';

test('the cache folder is where each system keeps such things', () => {
  expect(cacheFolder({ TIMESTEP_CACHE: '/big/disk', HOME: '/home/a' }, 'linux')).toBe('/big/disk');
  expect(cacheFolder({ HOME: '/home/a' }, 'linux')).toBe('/home/a/.cache/timestep');
  expect(cacheFolder({ HOME: '/home/a', XDG_CACHE_HOME: '/x' }, 'linux')).toBe('/x/timestep');
  expect(cacheFolder({ HOME: '/Users/a' }, 'darwin')).toBe('/Users/a/Library/Caches/timestep');
  expect(cacheFolder({ HOME: '/u', LOCALAPPDATA: '/u/local' }, 'win32')).toBe('/u/local/timestep/cache');
});
