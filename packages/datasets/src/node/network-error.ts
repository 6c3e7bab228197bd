import { DataError, type DataErrorCode } from '../errors.ts';
import { Silence, StartAnew } from './receive.ts';

/** The meaning of the system's error codes, and whether another attempt is pointless. */
const meanings: readonly (readonly [pattern: RegExp, code: DataErrorCode, what: string, final: boolean])[] = [
  [/^ENOTFOUND$/u, 'HOST_NOT_FOUND', 'there is no host', true],
  [/^EAI_/u, 'HOST_NOT_FOUND', 'could not look up the host', false],
  [/^ECONNREFUSED$/u, 'CONNECTION_REFUSED', 'nothing listens at', true],
  [/^(?:ENETUNREACH|EHOSTUNREACH|ENETDOWN|EHOSTDOWN)$/u, 'OFFLINE', 'there is no way to', true],
  [/^(?:ETIMEDOUT|UND_ERR_\w*TIMEOUT)$/u, 'TIMEOUT', 'no answer in time from', false],
  [/CERT|^ERR_TLS|^ERR_SSL|SELF_SIGNED|UNABLE_TO_/u, 'TLS_FAILED', 'no trusted connection to', true],
];

/**
 * Returns the error for a failed attempt, and whether further attempts are pointless.
 *
 * @param file the path at which the user can save the file by hand
 */
export function networkError(url: string, file: string, error: unknown): { final: boolean; cause: DataError } {
  if (error instanceof DataError) return { final: true, cause: error };
  const { code, reason } = rootOf(error);
  const [, name, what, final] =
    error instanceof Silence
      ? ([/ /u, 'TIMEOUT', 'waited in vain for', false] as const)
      : error instanceof StartAnew
        ? ([/ /u, 'BAD_ANSWER', 'got a wrong answer from', false] as const)
        : (meanings.find(([pattern]) => pattern.test(code)) ??
          ([/ /u, 'CONNECTION_LOST', 'the connection broke to', false] as const));
  const { host } = new URL(url);
  const message = `[download] ${what} ${host} (${reason}); check the network and the address and run this again, it continues where it stopped, or fetch ${url} elsewhere and save it as ${file}`;
  return { final, cause: new DataError(name, url, message, { cause: error }) };
}

/** fetch wraps what happened in "fetch failed", and several addresses of one host in an AggregateError. */
function rootOf(error: unknown): { code: string; reason: string } {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  const first: unknown = inner instanceof AggregateError ? (inner.errors as unknown[])[0] : inner;
  const code = [inner, first]
    .map((one) => (one as { code?: unknown } | undefined)?.code)
    .find((one) => typeof one === 'string');
  const reason = first instanceof Error ? first.message : String(first);
  return { code: code ?? '', reason };
}
