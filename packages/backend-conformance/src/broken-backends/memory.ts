import { DisposedError } from '@timestep/backend-api';
import type { BrokenBackend } from './broken-backend.ts';

/** Faults of memory and of the order of work. */
export const brokenMemory: readonly BrokenBackend[] = [
  {
    fault: 'write keeps the array it was given',
    caughtBy: 'memory: write copies its data and read returns a copy',
    breakIt: ({ write, read }) => {
      const given = new Map<object, Parameters<typeof write>[1]>();
      return {
        write(buffer, data) {
          given.set(buffer, data);
          write(buffer, data);
        },
        async read(buffer) {
          const data = given.get(buffer);
          if (data) write(buffer, data);
          return read(buffer);
        },
      };
    },
  },
  {
    fault: 'writes overtake the operations encoded before them',
    caughtBy: 'memory: work is done in call order, a later write does not reach back',
    breakIt: ({ unary, read, readMany }) => {
      const waiting: (() => void)[] = [];
      const flush = () => waiting.splice(0).forEach((work) => work());
      return {
        unary: (...call) => void waiting.push(() => unary(...call)),
        async read(buffer) {
          flush();
          return read(buffer);
        },
        async readMany(buffers) {
          flush();
          return readMany(buffers);
        },
      };
    },
  },
  {
    fault: 'readMany reads in the order of allocation',
    caughtBy: 'memory: readMany returns its buffers in order, repeated and empty ones too',
    breakIt: ({ alloc, readMany }) => {
      const order = new Map<object, number>();
      return {
        alloc(dtype, length) {
          const buffer = alloc(dtype, length);
          order.set(buffer, order.size);
          return buffer;
        },
        readMany: (buffers) => readMany([...buffers].sort((a, b) => order.get(a)! - order.get(b)!)),
      };
    },
  },
  {
    fault: 'await using frees nothing',
    caughtBy: 'contract: await using disposes the backend',
    breakIt: () => ({ [Symbol.asyncDispose]: async () => await Promise.resolve() }),
  },
  {
    fault: 'a second free is let through',
    caughtBy: 'errors: a freed buffer is refused with DISPOSED, by free too',
    breakIt: ({ free }) => ({
      free(buffer) {
        try {
          free(buffer);
        } catch (error) {
          if (!(error instanceof DisposedError)) throw error;
        }
      },
    }),
  },
  {
    fault: 'the counters forget the bytes of a freed buffer',
    caughtBy: 'memory: counters follow every alloc and free',
    breakIt: ({ memory, alloc }) => {
      let bytes = 0;
      return {
        alloc(dtype, length) {
          bytes += 4 * length;
          return alloc(dtype, length);
        },
        memory: () => ({ ...memory(), bytes, peakBytes: bytes }),
      };
    },
  },
  {
    fault: 'alloc counts in 32 bits',
    caughtBy: 'memory: a size of any magnitude, and what is no size or dtype, is a typed error',
    breakIt: ({ alloc }) => ({ alloc: (dtype, length) => alloc(dtype, length > 2 ** 32 ? length % 2 ** 32 : length) }),
  },
  {
    fault: 'i32 is read as u32',
    caughtBy: 'memory: write and read back every dtype from every kind of host data',
    breakIt: ({ readMany }) => ({
      readMany: async (buffers) =>
        (await readMany(buffers)).map((values) => (values instanceof Int32Array ? new Uint32Array(values) : values)),
    }),
  },
];
