import { DeviceError } from '@timestep/backend-api';
import { kernelNames, workerSource } from '../../build/kernels.ts';
import { canSleep, startWorker, type HostWorker } from './host.ts';
import type { OutsideProduct } from './outside.ts';

/** A kernel that can be split: part `part` of `parts`, its arguments in the slots at `address`. */
export type PartKernel = (address: number, part: number, parts: number) => void;

// The words of the control block, shared with scripts/worker.js.
const TICKET = 0;
const GENERATION = 1;
const KERNEL = 2;
const ARGUMENTS = 3;
const PARTS = 4;
const COMPLETED = 5;
const SLEEPERS = 6;
const STOP = 7;
const FAILED = 8;
const WAITING = 9;
const controlWords = 16;

/** The ticket is `generation << 8 | next part`; this part says that there is nothing to claim. */
const closed = 255;
export const maxParts = 254;

/**
 * How often an idle thread looks for work before it sleeps. About 50 µs: a wake-up costs as much, and the jobs of one
 * fused operation come closer together than that.
 */
const spins = 1500;

/** The error for a kernel that trapped. */
export function kernelFailed(index: number, cause: unknown): DeviceError {
  return new DeviceError(
    'KERNEL_FAILED',
    `[cpu] the kernel ${kernelNames[index]!} trapped: ${cause instanceof Error ? String(cause) : 'in a worker'}; this is a bug of backend-cpu, please report it`,
    { cause },
  );
}

/**
 * Threads that work on one job at a time. A job is cut into parts; workers and the calling thread claim parts until
 * none is left. So a worker that is still asleep, or whose core another process has, delays nobody.
 */
export class ThreadPool {
  readonly #words: Int32Array;
  readonly #workers: readonly HostWorker[];
  readonly #sleeps: boolean;
  #generation = 0;

  private constructor(words: Int32Array, workers: readonly HostWorker[]) {
    this.#words = words;
    this.#workers = workers;
    this.#sleeps = canSleep(words);
  }

  /** Starts `threads − 1` workers on a shared memory whose control block is at `control`. */
  static async start(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    control: number,
    threads: number,
    outside: OutsideProduct | null = null,
  ): Promise<ThreadPool> {
    const words = new Int32Array(memory.buffer, control, controlWords);
    words[TICKET] = closed;
    const data = {
      module,
      memory,
      names: kernelNames,
      control,
      spins,
      outside: outside && { module: outside.module, data: outside.data },
    };
    const starts = await Promise.allSettled(Array.from({ length: threads - 1 }, () => startWorker(workerSource, data)));
    const workers = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    for (const worker of workers) worker.unref();
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed) {
      await Promise.all(workers.map((worker) => worker.terminate()));
      throw new DeviceError(
        'NO_DEVICE',
        `[createCpuBackend] could not start ${threads - 1} worker threads: ${failed.reason}; pass threads: 1`,
        { cause: failed.reason },
      );
    }
    return new ThreadPool(words, workers);
  }

  /** Threads that work on a job, the calling one included. */
  get threads(): number {
    return this.#workers.length + 1;
  }

  /** Workers that sleep at this moment, and take no processor. */
  get sleeping(): number {
    return Atomics.load(this.#words, SLEEPERS);
  }

  /** Runs kernel number `index` over `parts` parts and returns when all are done. */
  run(index: number, kernel: PartKernel, address: number, parts: number): void {
    const words = this.#words;
    this.#generation = (this.#generation + 1) & 0x7fffff;
    words[KERNEL] = index;
    words[ARGUMENTS] = address;
    words[PARTS] = parts;
    words[COMPLETED] = 0;
    const first = this.#generation << 8;
    Atomics.store(words, TICKET, first);
    Atomics.store(words, GENERATION, this.#generation);
    if (Atomics.load(words, SLEEPERS) > 0) Atomics.notify(words, GENERATION, parts - 1);
    let failure: unknown = null;
    for (;;) {
      const ticket = Atomics.load(words, TICKET);
      const part = ticket & 255;
      if (part >= parts) break;
      if (Atomics.compareExchange(words, TICKET, ticket, ticket + 1) !== ticket) continue;
      try {
        kernel(address, part, parts);
      } catch (error) {
        failure = error;
      }
      Atomics.add(words, COMPLETED, 1);
    }
    this.#awaitParts(parts);
    Atomics.store(words, TICKET, first | closed);
    // Taken back also where the calling thread's own part trapped: left behind, it would fail the next job.
    const failedElsewhere = Atomics.exchange(words, FAILED, 0) !== 0;
    if (failure !== null || failedElsewhere) throw kernelFailed(index, failure);
  }

  #awaitParts(parts: number): void {
    const words = this.#words;
    for (let i = 0; i < spins || !this.#sleeps; i++) {
      if (Atomics.load(words, COMPLETED) === parts) return;
    }
    Atomics.store(words, WAITING, 1);
    for (;;) {
      const completed = Atomics.load(words, COMPLETED);
      if (completed === parts) break;
      Atomics.wait(words, COMPLETED, completed);
    }
    Atomics.store(words, WAITING, 0);
  }

  /** Ends the workers. */
  async stop(): Promise<void> {
    Atomics.store(this.#words, STOP, 1);
    Atomics.add(this.#words, GENERATION, 1);
    Atomics.notify(this.#words, GENERATION);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
