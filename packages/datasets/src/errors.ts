import { TimestepError } from '@timestep/core';

/** The codes of a `DataError`. */
export type DataErrorCode =
  | 'NOT_A_WAV'
  | 'WAV_TRUNCATED'
  | 'WAV_UNSUPPORTED'
  | 'NOT_FINITE'
  /** The token is not in the vocabulary, and the vocabulary has no unknown token. */
  | 'UNKNOWN_TOKEN'
  /** The text file is not encoded in UTF-8. */
  | 'NOT_UTF8'
  /** A FASTA file, or a `.ts` file with series, does not follow its format. */
  | 'FASTA_INVALID'
  | 'SERIES_INVALID'
  /** The lines or columns of parallel text do not fit together. */
  | 'PARALLEL_INVALID'
  /** Words, tags and labels that do not belong together line by line. */
  | 'TAGS_INVALID'
  /** A table cannot be read: wrong quotes, another number of fields, or a value of another type. */
  | 'CSV_INVALID'
  /** The host's name could not be resolved. */
  | 'HOST_NOT_FOUND'
  /** The host refused the connection. */
  | 'CONNECTION_REFUSED'
  /** The host cannot be reached over the network. */
  | 'OFFLINE'
  /** The connection broke, at every attempt. */
  | 'CONNECTION_LOST'
  /** The server answered with an HTTP status that means failure. */
  | 'HTTP_STATUS'
  /** The server sent something other than what was requested. */
  | 'BAD_ANSWER'
  /** No connection, or no further bytes, within the time limit. */
  | 'TIMEOUT'
  /** The certificate of the server is expired, unknown or for another host. */
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

/**
 * An error in data from outside. `source` is the file or address that the data came from.
 *
 * @example
 * if (error instanceof DataError && error.code === 'OFFLINE') console.log(error.source);
 */
export class DataError extends TimestepError {
  override readonly name: string = 'DataError';
  readonly source: string;

  constructor(code: DataErrorCode, source: string, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.source = source;
  }
}
