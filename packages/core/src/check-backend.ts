import { ArgumentError, describe, type Backend } from '@timestep/backend-api';

/**
 * The backend that was handed in.
 *
 * @example
 * ```ts
 * checkBackend('tensor', backend);
 * ```
 *
 * @throws ArgumentError where it is none, such as a promise that was not awaited
 */
export function checkBackend(where: string, backend: Backend): Backend {
  const given: unknown = backend;
  if (typeof given === 'object' && given !== null && 'alloc' in given && typeof given.alloc === 'function')
    return backend;
  const found = given instanceof Promise ? 'a promise of one' : describe(given);
  throw new ArgumentError(
    `[${where}] expected a backend, got ${found}; pass the one that you made, such as { backend: await createCpuBackend() }`,
  );
}
