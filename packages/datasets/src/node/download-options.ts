import { is, type OptionRules } from '@timestep/core';

export interface DownloadOptions {
  /** `http:` or `https:` */
  readonly url: string;
  /** Where the file ends up; its folder is created */
  readonly file: string;
  /** Of the whole file, 64 hexadecimal digits. Without it only the length that the server tells is checked */
  readonly sha256?: string | undefined;
  /** Called as bytes arrive; `total` is null where the server does not tell */
  readonly onProgress?: ((received: number, total: number | null) => void) | undefined;
  /** Stops the download; what has arrived stays, for the next try */
  readonly signal?: AbortSignal | undefined;
  /** Tries before giving up on a connection that breaks, each continuing where the last one stopped. 3 by default */
  readonly attempts?: number | undefined;
  /** Seconds until the server must have begun its answer. 30 by default */
  readonly connectSeconds?: number | undefined;
  /** Seconds that may pass without a further byte. 60 by default */
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
