import {
  checkOptions,
  checkValue,
  DeviceError,
  is,
  TimestepError,
  type Backend,
  type OptionRules,
} from '@timestep/backend-api';
import { backendNames, choiceOf, type BackendChoice, type BackendName, type PassedOver } from './choice.ts';
import { importers, type Importers, type Maker } from './importers.ts';

/** Options of {@link createBackend}. */
export interface CreateBackendOptions {
  /** Options of `createCpuBackend`. */
  readonly cpu?: Readonly<Record<string, unknown>> | undefined;
  /** Options of `createNativeBackend`. */
  readonly native?: Readonly<Record<string, unknown>> | undefined;
  /** Options of `createWebGpuBackend`; `auto` adds `requireHardware: true` unless it is given here. */
  readonly webgpu?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Called with the choice and its reasons. Without it, `console.warn` prints one line if a slower backend is used
   * because an installed one, or the library that it needs, does not load.
   */
  readonly onChoice?: ((choice: BackendChoice) => void) | undefined;
}

const rules: OptionRules<CreateBackendOptions> = {
  cpu: is.optional(is.object),
  native: is.optional(is.object),
  webgpu: is.optional(is.object),
  onChoice: is.optional(is.function),
};

/**
 * Creates the fastest backend that is installed and works here, or the one with the given name.
 *
 * @example
 * ```ts
 * const backend = await createBackend('auto', { onChoice: ({ summary }) => console.log(summary) });
 * // backend native (oneDNN 3.7.0 (libdnnl.so.3.7), 8 threads); not taken: webgpu: @timestep/backend-webgpu is not installed
 * ```
 *
 * @param name `auto` (default) takes the first that works: `webgpu` on hardware (never a software adapter), `native` if
 *   its library loads, `cpu`. Another name takes that backend or throws
 * @returns the backend; `await using` or `dispose()` frees it
 * @throws ArgumentError for an unknown name or option, including the options of the backend
 * @throws DeviceError `NO_DEVICE` if the named backend is not installed, finds no device or does not load, or if `auto`
 *   finds no backend; the message says what to install
 */
export async function createBackend(
  name: BackendName | 'auto' = 'auto',
  options: CreateBackendOptions = {},
): Promise<Backend> {
  return await createBackendFrom(importers, name, options);
}

/** Implements {@link createBackend}; tests pass other importers. */
export async function createBackendFrom(
  packages: Importers,
  name: BackendName | 'auto',
  options: CreateBackendOptions,
): Promise<Backend> {
  checkValue('createBackend', 'name', name, is.oneOf('auto', ...backendNames));
  checkOptions('createBackend', options, rules);
  const passedOver: PassedOver[] = [];
  for (const candidate of name === 'auto' ? backendNames : [name]) {
    const own = {
      ...(candidate === 'webgpu' && name === 'auto' ? { requireHardware: true } : {}),
      ...options[candidate],
    };
    const made = await tryBackend(packages, candidate, own);
    if ('because' in made) {
      if (name !== 'auto') throw refusal(made);
      passedOver.push(made);
      continue;
    }
    report(choiceOf(candidate, made.capabilities.device, passedOver), options.onChoice);
    return made;
  }
  throw new DeviceError(
    'NO_DEVICE',
    `[createBackend] no backend works here: ${passedOver.map((each) => `${each.name}: ${each.reason}`).join('; ')}; run \`npm install @timestep/backend-cpu\`, which runs everywhere`,
  );
}

/** The reason why a backend is not used, with the error that caused it. */
interface Failure extends PassedOver {
  readonly cause: unknown;
}

async function tryBackend(
  packages: Importers,
  name: BackendName,
  options: Readonly<Record<string, unknown>>,
): Promise<Backend | Failure> {
  if (name === 'native' && !hasBinaries())
    return { name, because: 'absent', reason: 'it needs Node, Deno or Bun', cause: undefined };
  let make: Maker;
  try {
    make = await packages[name]();
  } catch (cause) {
    const packageName = `@timestep/backend-${name}`;
    return isMissing(cause, packageName)
      ? { name, because: 'absent', reason: `${packageName} is not installed`, cause }
      : { name, because: 'broken', reason: `${packageName} does not load (${firstLine(cause)})`, cause };
  }
  try {
    return await make(options);
  } catch (cause) {
    const code = codeOf(cause);
    // A wrong option is the caller's mistake. Taking another backend would hide it.
    if (code !== null && code !== 'NO_DEVICE') throw cause;
    if (code === 'NO_DEVICE' && !doesNotLoad(cause as Error)) {
      return { name, because: 'unavailable', reason: firstLine(cause), cause };
    }
    return { name, because: 'broken', reason: `it does not start (${firstLine(cause)})`, cause };
  }
}

function refusal({ name, because, reason, cause }: Failure): Error {
  // The backend's error already says what is missing.
  if (because === 'unavailable' && cause instanceof Error) return cause;
  const mend =
    because === 'absent' && cause !== undefined
      ? `run \`npm install @timestep/backend-${name}\``
      : `mend that, or run \`npm install @timestep/backend-${name}\` again for this platform`;
  return new DeviceError(
    'NO_DEVICE',
    `[createBackend] the backend ${name} cannot be made: ${reason}; ${mend}, or use createBackend('auto')`,
    { cause },
  );
}

function report(choice: BackendChoice, onChoice: CreateBackendOptions['onChoice']): void {
  if (onChoice) onChoice(choice);
  else if (choice.passedOver.some(isFault)) {
    (globalThis as { console?: { warn(line: string): void } }).console?.warn(`[createBackend] ${choice.summary}`);
  }
}

/** Tells whether to warn: a library that does not load is a fault, a machine without a GPU is not. */
function isFault({ name, because }: PassedOver): boolean {
  return because === 'broken' || (because === 'unavailable' && name === 'native');
}

/** Tells whether packages with a binary can load here. They cannot in a browser. */
function hasBinaries(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return typeof process?.versions?.node === 'string';
}

/** Tells whether this package was not found, rather than one of its dependencies. */
function isMissing(cause: unknown, packageName: string): boolean {
  const message = firstLine(cause);
  const notFound =
    /cannot find (package|module)|failed to resolve|could not resolve|unresolved|does not exist|is it installed|failed to fetch dynamically/i;
  return message.includes(packageName) && notFound.test(message);
}

/** Tells whether an installed package failed to load. Its error is the cause of the backend's error. */
function doesNotLoad({ cause: behind }: Error): boolean {
  return behind instanceof Error && !('code' in behind && behind.code === 'ERR_MODULE_NOT_FOUND');
}

/** Returns the code of one of Timestep's errors, also from another installed copy; null for any other error. */
function codeOf(error: unknown): string | null {
  if (error instanceof TimestepError) return error.code;
  const code = error instanceof Error && 'code' in error ? String(error.code) : null;
  return code !== null && ['INVALID_ARGUMENT', 'NO_DEVICE', 'DEVICE_LOST', 'OUT_OF_MEMORY'].includes(code)
    ? code
    : null;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}
