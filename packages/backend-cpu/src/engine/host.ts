/** A worker thread, on any platform. */
export interface HostWorker {
  /** Lets the process end although this worker lives. */
  unref(): void;
  terminate(): Promise<void>;
}

interface WorkerThreads {
  readonly Worker: new (
    source: string,
    options: { eval: true; workerData: unknown; name: string },
  ) => {
    once(event: 'message' | 'error', listener: (value: unknown) => void): void;
    unref(): void;
    terminate(): Promise<number>;
  };
}

interface NodeProcess {
  getBuiltinModule?(name: 'node:worker_threads'): WorkerThreads;
  getBuiltinModule?(name: 'node:os'): { availableParallelism(): number; cpus(): { model: string }[] };
}

/**
 * Node's `process`, or undefined elsewhere. Its built-in modules are asked for at run time, and not imported, so that a
 * bundler for browsers never sees them.
 */
const node = (globalThis as { process?: NodeProcess }).process;

/** Processors that this process may use. */
export function availableParallelism(): number {
  return node?.getBuiltinModule?.('node:os').availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** The processor's name where the platform tells it. */
export function processorName(): string {
  return node?.getBuiltinModule?.('node:os').cpus()[0]?.model.trim() ?? 'browser';
}

/** Whether threads over shared memory are possible: Node, or a page that is cross-origin isolated. */
export function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer === 'undefined') return false;
  if (node?.getBuiltinModule) return true;
  return typeof Worker !== 'undefined' && globalThis.crossOriginIsolated;
}

/** Whether this thread may sleep in `Atomics.wait`; a browser's main thread may not. */
export function canSleep(words: Int32Array): boolean {
  try {
    // Asked to wait for a value that is not there, it returns at once where it is allowed at all.
    Atomics.wait(words, 0, ~Atomics.load(words, 0), 0);
    return true;
  } catch {
    return false;
  }
}

function startNodeWorker(threads: WorkerThreads, source: string, data: unknown): Promise<HostWorker> {
  return new Promise((resolve, reject) => {
    const worker = new threads.Worker(source, { eval: true, workerData: data, name: 'timestep' });
    worker.once('error', reject);
    worker.once('message', () => {
      resolve({
        unref: () => {
          worker.unref();
        },
        terminate: async () => {
          await worker.terminate();
        },
      });
    });
  });
}

function startWebWorker(source: string, data: unknown): Promise<HostWorker> {
  return new Promise((resolve, reject) => {
    const address = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
    const worker = new Worker(address, { name: 'timestep' });
    worker.onerror = (event) => {
      // A worker that a content policy forbids brings an event without a message.
      reject(
        new Error(event.message || 'the page does not allow workers from a Blob (Content-Security-Policy: worker-src)'),
      );
    };
    worker.onmessage = () => {
      URL.revokeObjectURL(address);
      resolve({
        unref: () => undefined,
        terminate: () => {
          worker.terminate();
          return Promise.resolve();
        },
      });
    };
    worker.postMessage(data);
  });
}

/** Starts a worker on `source` with `data`; resolves when it is ready for work. */
export function startWorker(source: string, data: unknown): Promise<HostWorker> {
  const threads = node?.getBuiltinModule?.('node:worker_threads');
  return threads ? startNodeWorker(threads, source, data) : startWebWorker(source, data);
}
