import { TimestepError } from '@timestep/core';

/** A mistake of whoever called the program: its message is all they need to see. */
export class UsageError extends TimestepError {
  override readonly name: string = 'UsageError';

  constructor(message: string, options?: ErrorOptions) {
    super('USAGE', message, options);
  }
}
