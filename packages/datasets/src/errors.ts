import { TimestepError } from '@timestep/core';

/** What can be wrong with data that came from outside. */
export type DataErrorCode =
  | 'NOT_A_WAV'
  | 'WAV_TRUNCATED'
  | 'WAV_UNSUPPORTED'
  | 'NOT_FINITE'
  | 'DOWNLOAD_FAILED'
  | 'OFFLINE'
  | 'CHECKSUM_MISMATCH';

/** Data that cannot be used: `source` names the file or address it came from. */
export class DataError extends TimestepError {
  readonly source: string;

  constructor(code: DataErrorCode, source: string, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.source = source;
  }
}
