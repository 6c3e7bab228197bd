import { TrainError } from '../errors.ts';
import { checkName, type Storage } from './storage.ts';

/**
 * A storage in memory, for tests and for runs that only keep their best model.
 *
 * @throws TrainError `STORAGE_FAILED` from `read` for an unknown name, `STORAGE_LOCKED` from `lock` while a run uses it
 * @example
 * ```ts
 * const trainer = new Trainer({ model, loss, optimizer, data, storage: memoryStorage(), checkpoints: { every: 100 } });
 * ```
 */
export function memoryStorage(): Storage {
  const files = new Map<string, Uint8Array>();
  let locked = false;
  const write = async (name: string, pieces: readonly Uint8Array[]): Promise<void> => {
    checkName(name);
    files.set(name, new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer()));
  };
  return {
    list: async () => [...files.keys()],
    read: async (name) => {
      const bytes = files.get(name);
      if (!bytes)
        throw new TrainError(
          'STORAGE_FAILED',
          `[storage] there is no '${name}'; it holds ${[...files.keys()].join(', ') || 'nothing'}`,
        );
      return bytes.slice();
    },
    write,
    append: (name, text) => write(name, [files.get(name) ?? new Uint8Array(0), new TextEncoder().encode(text)]),
    remove: async (name) => void files.delete(name),
    async lock() {
      if (locked)
        throw new TrainError(
          'STORAGE_LOCKED',
          '[storage] another run of this program is at work in this storage; wait for it, or use another storage',
        );
      locked = true;
      return async () => void (locked = false);
    },
  };
}
