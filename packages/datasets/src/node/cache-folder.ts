import { homedir } from 'node:os';
import { join } from 'node:path';
import { checkValue, is } from '@timestep/core';

/**
 * Where this system keeps files that can be fetched again: `$TIMESTEP_CACHE`, else `timestep` in the user's cache
 * folder (`$XDG_CACHE_HOME` or `~/.cache`; `~/Library/Caches` on macOS; `%LOCALAPPDATA%` on Windows). It is not created
 * here.
 *
 * @param environment,platform the process's own by default
 * @throws ArgumentError for anything but an object of texts, and a text
 */
export function cacheFolder(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): string {
  checkValue('cacheFolder', 'environment', environment, is.record(is.optional(is.string), 'an object of texts'));
  checkValue('cacheFolder', 'platform', platform, is.string);
  const own = environment['TIMESTEP_CACHE'];
  if (own) return own;
  const home = environment['HOME'] ?? homedir();
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'timestep');
  if (platform === 'win32')
    return join(environment['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'timestep', 'cache');
  return join(environment['XDG_CACHE_HOME'] || join(home, '.cache'), 'timestep');
}
