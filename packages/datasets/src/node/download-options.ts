import { is, type OptionRules } from '@timestep/core';

/** The options of `download`. */
export interface DownloadOptions {
  /** `http:` or `https:` */
  readonly url: string;
  /** The path of the file; its folder is created if necessary */
  readonly file: string;
  /** The SHA-256 of the file, 64 hexadecimal digits. Without it, only the length that the server sends is checked */
  readonly sha256?: string | undefined;
  /** Called when bytes arrive; `total` is null if the server does not send it */
  readonly onProgress?: ((received: number, total: number | null) => void) | undefined;
  /** Stops the download. The bytes that have arrived are kept for the next try */
  readonly signal?: AbortSignal | undefined;
  /** The number of attempts if the connection breaks; each continues where the last one stopped. 3 by default */
  readonly attempts?: number | undefined;
  /** The maximum time until the server starts its answer, in seconds. 30 by default */
  readonly connectSeconds?: number | undefined;
  /** The maximum time without further bytes, in seconds. 60 by default */
  readonly idleSeconds?: number | undefined;
  /** The global `fetch` by default */
  readonly fetch?: typeof fetch | undefined;
}

/** How each option is checked. */
export const downloadRules: OptionRules<DownloadOptions> = {
  url: is.string,
  file: is.string,
  sha256: is.optional((value) =>
    typeof value === 'string' && /^[0-9a-f]{64}$/iu.test(value) ? null : 'a SHA-256 of 64 hexadecimal digits',
  ),
  onProgress: is.optional(is.function),
  signal: is.optional(is.like('an AbortSignal', 'aborted', 'addEventListener')),
  attempts: is.optional(is.size()),
  connectSeconds: is.optional(is.number({ above: 0 })),
  idleSeconds: is.optional(is.number({ above: 0 })),
  fetch: is.optional(is.function),
};
