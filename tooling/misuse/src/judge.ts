import { TimestepError } from '@timestep/core';

/** How a call with a wrong argument ended. */
export type Outcome = 'refused' | 'accepted' | { readonly bare: string };

const limitMs = 3000;

/** Errors that a package documents without deriving them from TimestepError: `safetensors` imports nothing. */
const ownErrors = ['SafetensorsError'];

function isDocumented(error: unknown): boolean {
  return error instanceof TimestepError || (error instanceof Error && ownErrors.includes(error.name));
}

/** Calls, waits for a promise, takes the first value that an iterator yields, and says how it ended. */
export async function judge(call: () => unknown): Promise<Outcome> {
  try {
    const result = call();
    if (isThenable(result)) return await inTime(Promise.resolve(result));
    if (isIterator(result)) {
      const first = result.next();
      const outcome = isThenable(first) ? await inTime(Promise.resolve(first)) : 'accepted';
      await result.return?.();
      return outcome;
    }
    return 'accepted';
  } catch (error) {
    return isDocumented(error) ? 'refused' : { bare: describe(error) };
  }
}

async function inTime(promise: Promise<unknown>): Promise<Outcome> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve({ bare: `no answer within ${limitMs} ms` }), limitMs);
  });
  try {
    return await Promise.race([promise.then((): Outcome => 'accepted'), late]);
  } finally {
    clearTimeout(timer);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function';
}

function isIterator(value: unknown): value is { next(): unknown; return?(): unknown } {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'next') === 'function';
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.slice(0, 120)}` : `threw ${typeof error}`;
}
