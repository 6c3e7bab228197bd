import { is, type OptionRules } from '@timestep/backend-api';
import { availableParallelism, canShareMemory } from './host.ts';
import { Engine } from './engine.ts';
import { compileKernels, hasRelaxedSimd } from './module.ts';
import { noLibrary, type OutsideProduct } from './outside.ts';
import { ThreadPool } from './pool.ts';

/** Options of `createCpuBackend`. */
export interface CpuBackendOptions {
  /**
   * Threads that work on one operation, the calling one included; min(processors, 8) by default. One thread is used
   * where memory cannot be shared (a page that is not cross-origin isolated), and, unless a number is given here, where
   * no worker can be started.
   */
  readonly threads?: number;
  /**
   * `'auto'` (default) uses relaxed SIMD where the engine has it; `false` never does. The results differ in rounding.
   */
  readonly relaxedSimd?: 'auto' | false;
  /** Where the memory ends, in bytes; 4 GiB by default, the most that WebAssembly addresses. */
  readonly maxMemoryBytes?: number;
}

const pageBytes = 65536;
const maxPages = 65536;
const initialPages = 64;

/** What each option may be; `createCpuBackend` and the backends that build on it check them. */
export const cpuRules: OptionRules<CpuBackendOptions> = {
  threads: is.optional(is.integer(1, 64)),
  relaxedSimd: is.optional(is.oneOf('auto', false)),
  maxMemoryBytes: is.optional(is.number({ min: initialPages * pageBytes, max: maxPages * pageBytes })),
};

function threadCount(wanted: number | undefined): number {
  if (!canShareMemory()) return 1;
  return wanted ?? Math.min(availableParallelism(), 8);
}

function pageLimit(bytes: number = maxPages * pageBytes): number {
  return Math.floor(bytes / pageBytes);
}

/**
 * The memory with the largest maximum that the platform grants: it reserves address space, which phones have little of.
 */
function createMemory(limit: number, shared: boolean): { memory: WebAssembly.Memory; pages: number } {
  for (let pages = limit; ; pages = Math.ceil(pages / 2)) {
    try {
      return { memory: new WebAssembly.Memory({ initial: initialPages, maximum: pages, shared }), pages };
    } catch (error) {
      if (pages <= initialPages) throw error;
    }
  }
}

/** The threads; null where a page's content policy forbids workers and nobody asked for a number of threads. */
async function startPool(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  control: number,
  threads: number,
  outside: OutsideProduct | null,
  mayFail: boolean,
): Promise<ThreadPool | null> {
  try {
    return await ThreadPool.start(module, memory, control, threads, outside);
  } catch (error) {
    if (mayFail) return null;
    throw error;
  }
}

/**
 * Compiles the kernels, creates their memory and starts the threads.
 *
 * @example
 * ```ts
 * const engine = await createEngine({ threads: 2 });
 * const backend = new CpuBackend(engine);
 * ```
 *
 * @param outside another library for the matrix products inside recurrent layers; null uses our kernels
 */
export async function createEngine(options: CpuBackendOptions, outside: OutsideProduct | null = null): Promise<Engine> {
  const threads = threadCount(options.threads);
  const limit = pageLimit(options.maxMemoryBytes);
  const shared = threads > 1;
  const module = await compileKernels({ relaxedSimd: options.relaxedSimd !== false && hasRelaxedSimd(), shared });
  const { memory, pages } = createMemory(limit, shared);
  const instance = await WebAssembly.instantiate(module, {
    env: { memory, multiply: outside?.createMultiply(memory, outside.data) ?? noLibrary },
  });
  const heapBase = (instance.exports as { heapBase: () => number }).heapBase();
  const control = Math.ceil(heapBase / 64) * 64;
  const pool = shared
    ? await startPool(module, memory, control, threads, outside, options.threads === undefined)
    : null;
  return new Engine({
    instance,
    memory,
    limit: pages * pageBytes,
    control,
    pool,
    outsideFrom: outside?.threshold ?? Infinity,
  });
}
