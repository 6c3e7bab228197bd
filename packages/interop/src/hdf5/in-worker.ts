import { checkOptions, checkValue, is, toBytes, type Bytes } from '@timestep/core';
import { InteropError } from '../errors.ts';
import {
  limitRules,
  memoryLimitOf,
  type Hdf5Answer,
  type Hdf5Datasets,
  type Hdf5Limits,
  type Hdf5Request,
} from './types.ts';

/** A thread that runs `hdf5Server`: a Web Worker or a worker thread of Node. */
export interface Hdf5Thread {
  post(request: Hdf5Request): void;
  /** Called once per answer, or with an error if the thread ends by itself. */
  onAnswer(answer: (result: Hdf5Answer | Error) => void): void;
  terminate(): void;
}

/** A reader with its thread; `close` ends the thread. */
export interface Hdf5ThreadReader {
  /**
   * Reads a file.
   *
   * @throws InteropError like {@link Hdf5Reader}; ArgumentError for anything but bytes
   */
  (file: Bytes): Promise<Hdf5Datasets>;
  close(): void;
  [Symbol.dispose](): void;
}

const defaultTimeLimit = 30_000;

/**
 * Creates a reader that reads one file after the other in a separate thread. If a damaged file keeps the library busy or
 * takes too much memory, the thread is ended, and the next file gets a new one.
 */
export function threadReader(start: () => Hdf5Thread, limits: Hdf5Limits = {}, where = 'hdf5'): Hdf5ThreadReader {
  checkOptions(where, limits, limitRules);
  const { timeLimit = defaultTimeLimit } = limits;
  let thread: Hdf5Thread | null = null;
  let last: Promise<unknown> = Promise.resolve();

  const end = () => {
    thread?.terminate();
    thread = null;
  };

  const ask = (file: Uint8Array): Promise<Hdf5Datasets> =>
    new Promise((resolve, reject) => {
      thread ??= start();
      const timer = setTimeout(() => {
        end();
        reject(
          new InteropError(
            'READ_LIMIT',
            `[hdf5] the file was not read within ${timeLimit} ms; it is damaged, or needs a larger timeLimit`,
          ),
        );
      }, timeLimit);
      thread.onAnswer((result) => {
        clearTimeout(timer);
        if (result instanceof Error) {
          end();
          reject(
            new InteropError(
              'READ_LIMIT',
              '[hdf5] the thread that read the file ended: it ran out of memory, or the file is damaged',
              { cause: result },
            ),
          );
        } else if ('datasets' in result) resolve(new Map(result.datasets));
        else {
          if (result.spent) end();
          reject(new InteropError(result.code, result.message));
        }
      });
      thread.post({ file, memoryLimit: memoryLimitOf(file, limits) });
    });

  const read = async (file: Bytes): Promise<Hdf5Datasets> => {
    const bytes = toBytes('readHdf5', file);
    // Sending a view would send its whole buffer.
    const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
    const turn = last.then(() => ask(own));
    last = turn.catch(() => undefined);
    return turn;
  };
  return Object.assign(read, { close: end, [Symbol.dispose]: end });
}

/** The used part of a Web Worker, so that the types of this package do not need those of the browser. */
export interface WebWorker {
  postMessage(message: unknown): void;
  addEventListener(type: 'message' | 'error', listener: (event: { readonly type: string }) => void): void;
  terminate(): void;
}

/**
 * Creates a reader that works in a Web Worker.
 *
 * @param start creates the worker from the file `@timestep/interop/hdf5-worker`
 * @param limits the limits of time (milliseconds) and memory (bytes)
 * @throws ArgumentError for wrong arguments
 * @example
 * const readHdf5 = hdf5InWorker(() => new Worker(new URL('@timestep/interop/hdf5-worker', import.meta.url), { type:
 * 'module' }));
 */
export function hdf5InWorker(start: () => WebWorker, limits: Hdf5Limits = {}): Hdf5ThreadReader {
  checkValue('hdf5InWorker', 'start', start, is.function);
  return threadReader(
    () => {
      const worker = start();
      let waiting: ((result: Hdf5Answer | Error) => void) | null = null;
      worker.addEventListener('message', (event) => waiting?.((event as MessageEvent<Hdf5Answer>).data));
      worker.addEventListener('error', (event) => waiting?.(new Error((event as ErrorEvent).message)));
      return {
        post: (request) => worker.postMessage(request),
        onAnswer: (answer) => void (waiting = answer),
        terminate: () => worker.terminate(),
      };
    },
    limits,
    'hdf5InWorker',
  );
}
