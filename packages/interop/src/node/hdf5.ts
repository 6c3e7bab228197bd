import { Worker } from 'node:worker_threads';
import { threadReader, type Hdf5ThreadReader } from '../hdf5/in-worker.ts';
import type { Hdf5Answer, Hdf5Limits } from '../hdf5/types.ts';

/** The file is beside the source during development and beside the bundle after a build. */
const entry = new URL(import.meta.url.endsWith('.ts') ? './hdf5-thread.ts' : './hdf5-thread.js', import.meta.url);

/**
 * Creates a reader of HDF5 files that works in a separate thread, with limits of time and memory. The thread starts with
 * the first file and ends with `close()` or `using`. It does not keep the process alive.
 *
 * @param limits the limits of time (milliseconds) and memory (bytes)
 * @throws ArgumentError for wrong limits
 * @example
 * using readHdf5 = createHdf5Reader();
 * const model = await importKeras(await readFile('model.keras'), { backend, readHdf5 });
 */
export function createHdf5Reader(limits: Hdf5Limits = {}): Hdf5ThreadReader {
  return threadReader(
    () => {
      // The thread limits the memory of the library. This limits the heap of the thread, which holds the arrays.
      const worker = new Worker(entry, { resourceLimits: { maxOldGenerationSizeMb: 512 }, stdout: true, stderr: true });
      let waiting: ((result: Hdf5Answer | Error) => void) | null = null;
      const answered = (result: Hdf5Answer | Error) => {
        const answer = waiting;
        waiting = null;
        // An idle thread does not keep the process alive.
        worker.unref();
        answer?.(result);
      };
      worker.on('message', answered);
      worker.on('error', answered);
      worker.on('exit', (code) => answered(new Error(`the thread ended with exit code ${code}`)));
      return {
        post(request) {
          worker.ref();
          worker.postMessage(request);
        },
        onAnswer: (answer) => void (waiting = answer),
        terminate: () => void worker.terminate(),
      };
    },
    limits,
    'createHdf5Reader',
  );
}
