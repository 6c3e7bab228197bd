import { TimestepError } from '@timestep/core';

/** A mistake of the user. Programs print only its message. */
export class UsageError extends TimestepError {
  override readonly name: string = 'UsageError';

  constructor(message: string, options?: ErrorOptions) {
    super('USAGE', message, options);
  }
}
