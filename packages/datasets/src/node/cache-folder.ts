import { homedir } from 'node:os';
import { join } from 'node:path';
import { checkValue, is } from '@timestep/core';

/**
 * Returns the folder for files that can be downloaded again: `$TIMESTEP_CACHE`, or `timestep` in the user's cache folder
 * (`$XDG_CACHE_HOME` or `~/.cache`; `~/Library/Caches` on macOS; `%LOCALAPPDATA%` on Windows). It does not create the
 * folder.
 *
 * @param environment environment variables, by default those of this process
 * @param platform the platform, by default that of this process
 * @throws ArgumentError for wrong arguments
 * @example
 * await download({ url, file: join(cacheFolder(), 'corpus.tar.gz'), sha256 });
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
