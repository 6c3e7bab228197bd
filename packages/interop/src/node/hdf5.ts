import { Worker } from 'node:worker_threads';
import { threadReader, type Hdf5ThreadReader } from '../hdf5/in-worker.ts';
import type { Hdf5Answer, Hdf5Limits } from '../hdf5/types.ts';

/** Beside the source in development, beside the bundle once built. */
const entry = new URL(import.meta.url.endsWith('.ts') ? './hdf5-thread.ts' : './hdf5-thread.js', import.meta.url);

/**
 * A reader of HDF5 files that works in a thread of its own, with limits of time and memory. The thread starts with the
 * first file, keeps no process alive, and ends with `close()` or `using`.
 *
 * @param limits milliseconds and bytes
 * @throws ArgumentError
 * @example
 * using readHdf5 = createHdf5Reader();
 * const model = await importKeras(await readFile('model.keras'), { backend, readHdf5 });
 */
export function createHdf5Reader(limits: Hdf5Limits = {}): Hdf5ThreadReader {
  return threadReader(
    () => {
      // The library's memory is capped inside; this is the room for what is read, on the heap of the thread.
      const worker = new Worker(entry, { resourceLimits: { maxOldGenerationSizeMb: 512 }, stdout: true, stderr: true });
      let waiting: ((result: Hdf5Answer | Error) => void) | null = null;
      const answered = (result: Hdf5Answer | Error) => {
        const answer = waiting;
        waiting = null;
        // An idle thread keeps no process alive.
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
