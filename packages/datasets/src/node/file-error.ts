import { DataError } from '../errors.ts';

const calls = [
  'open',
  'read',
  'write',
  'close',
  'mkdir',
  'rename',
  'link',
  'unlink',
  'stat',
  'rmdir',
  'rm',
  'scandir',
  'copyfile',
];

/**
 * Returns a DataError for a failure of the file system, such as `ENOSPC` or `EACCES`, and undefined for any other error.
 * Errors of the network have a code too, but do not name a call on a file.
 *
 * @param path the file or folder in use, for errors that do not name one
 */
export function fileError(where: string, path: string, error: unknown): DataError | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !calls.includes(String(error.syscall))) return undefined;
  // Sockets read and write too, but only sockets fail with these codes.
  const { code = '', path: file = path } = error as NodeJS.ErrnoException;
  if (['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT', 'ECONNREFUSED'].includes(code)) return undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new DataError(
      'DISK_FULL',
      file,
      `[${where}] could not write ${file}: the disk is full (${error.message}); make room or choose another folder`,
      { cause: error },
    );
  }
  if (code === 'EEXIST') {
    const target = (error as { dest?: string }).dest ?? file;
    return new DataError(
      'FILE_EXISTS',
      target,
      `[${where}] ${target} exists already, and nothing is overwritten; delete it or choose another folder`,
      { cause: error },
    );
  }
  return new DataError(
    'FILE_FAILED',
    file,
    `[${where}] could not ${['open', 'read', 'stat', 'scandir'].includes(String(error.syscall)) ? 'open' : 'write'} ${file} (${error.message}); check the path and its permissions`,
    { cause: error },
  );
}
