import { loadLibrary } from './library.ts';
import { asInteropError, readWith } from './read.ts';
import type { Hdf5Answer, Hdf5Request } from './types.ts';

/**
 * A memory that does not grow beyond a limit. Allocation in the library then fails, and the library reports it.
 */
function capMemory(): { limit: number } {
  const cap = { limit: Infinity };
  const grow = WebAssembly.Memory.prototype.grow;
  WebAssembly.Memory.prototype.grow = function (this: WebAssembly.Memory, pages: number): number {
    if (this.buffer.byteLength + pages * 65_536 > cap.limit) throw new RangeError('the memory limit is reached');
    return grow.call(this, pages);
  };
  return cap;
}

/**
 * Makes this thread a reader of HDF5 files. It is for the entry file of a worker that does nothing else, because it limits
 * the WebAssembly memories of the whole thread.
 *
 * @returns a function that answers a request
 */
export function hdf5Server(): (request: Hdf5Request) => Promise<Hdf5Answer> {
  const cap = capMemory();
  return async ({ file, memoryLimit }) => {
    cap.limit = Infinity;
    try {
      const { library, module } = await loadLibrary();
      cap.limit = memoryLimit;
      return { datasets: [...readWith(library, module, file)] };
    } catch (error) {
      const { code, message } = asInteropError(error);
      // After a trap, an abort or exhausted memory, the state of the library is unknown. Its own errors do not harm it.
      const spent = error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
      return { code: code === 'READ_LIMIT' || code === 'MISSING_PACKAGE' ? code : 'MALFORMED_FILE', message, spent };
    }
  };
}
