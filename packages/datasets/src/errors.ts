import { TimestepError } from '@timestep/core';

/** What can be wrong with data that came from outside. */
export type DataErrorCode =
  | 'NOT_A_WAV'
  | 'WAV_TRUNCATED'
  | 'WAV_UNSUPPORTED'
  | 'NOT_FINITE'
  /** A token that a vocabulary without an unknown token does not have. */
  | 'UNKNOWN_TOKEN'
  /** A file of text that is not encoded in UTF-8. */
  | 'NOT_UTF8'
  /** Sequences in FASTA, or series in a `.ts` file, that do not follow the format. */
  | 'FASTA_INVALID'
  | 'SERIES_INVALID'
  /** A table that cannot be read: quotes, the number of fields, a value of another type. */
  | 'CSV_INVALID'
  /** The host's name could not be resolved. */
  | 'HOST_NOT_FOUND'
  /** The host answered that nothing listens there. */
  | 'CONNECTION_REFUSED'
  /** There is no way to the host: no network, or none that leads there. */
  | 'OFFLINE'
  /** The connection broke, and kept breaking. */
  | 'CONNECTION_LOST'
  /** The server answered with an HTTP status that is no success. */
  | 'HTTP_STATUS'
  /** The server answered with something other than what was asked for. */
  | 'BAD_ANSWER'
  /** No connection, or no further bytes, within the time given. */
  | 'TIMEOUT'
  /** The connection could not be trusted: a certificate that is expired, unknown or of another host. */
  | 'TLS_FAILED'
  | 'CHECKSUM_MISMATCH'
  | 'DISK_FULL'
  | 'FILE_EXISTS'
  | 'FILE_FAILED'
  | 'ARCHIVE_DAMAGED'
  | 'ARCHIVE_UNSAFE'
  | 'ARCHIVE_TOO_LARGE'
  /** Nothing in the archive was selected. */
  | 'ARCHIVE_EMPTY';

/** Data that cannot be used: `source` names the file or address it came from. */
export class DataError extends TimestepError {
  override readonly name: string = 'DataError';
  readonly source: string;

  constructor(code: DataErrorCode, source: string, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.source = source;
  }
}
