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
 * The DataError for a failure of the file system, such as `ENOSPC` or `EACCES`; undefined for any other error. Those of
 * the network have a code too, but do not name a call on a file.
 *
 * @param path the file or folder that was being worked on, where the error names none
 */
export function fileError(where: string, path: string, error: unknown): DataError | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !calls.includes(String(error.syscall))) return undefined;
  // The sockets read and write too; only files fail with these.
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
