import { TrainError } from '../errors.ts';
import type { Storage } from '../storage/storage.ts';
import { decodeCheckpoint, encodeCheckpoint, type CheckpointContents } from './format.ts';

/** A checkpoint that could not be used, and why. */
export interface DamagedCheckpoint {
  readonly name: string;
  readonly reason: string;
}

type Kind = 'checkpoint' | 'best';

interface Stored {
  readonly name: string;
  readonly step: number;
}

/**
 * The checkpoints and best models of one run in a storage: their names, their order, and how many are kept. Each
 * checkpoint names its best model; those that none of them names are removed.
 */
export class CheckpointStore {
  readonly #storage: Storage;
  readonly #keep: number;
  /** The best model that each checkpoint names, where it is known. */
  readonly #best = new Map<string, string | null>();
  readonly #damaged = new Set<string>();

  /** @param keep checkpoints to keep; at least 2, so that one is left where the last is damaged */
  constructor(storage: Storage, keep: number) {
    this.#storage = storage;
    this.#keep = keep;
  }

  /** Writes a checkpoint, then removes those that are too many, and the best models that none of the others names. */
  async writeCheckpoint(step: number, contents: CheckpointContents): Promise<string> {
    const name = nameOf('checkpoint', step);
    await this.#storage.write(name, encodeCheckpoint(contents));
    this.#damaged.delete(name);
    this.#best.set(name, bestIn(contents));
    const whole = (await this.list('checkpoint')).filter((one) => !this.#damaged.has(one.name));
    for (const old of whole.slice(this.#keep)) await this.#storage.remove(old.name);
    await this.removeUnnamed(bestIn(contents));
    return name;
  }

  /** Writes the best model so far. */
  async writeBest(step: number, contents: CheckpointContents): Promise<string> {
    const name = nameOf('best', step);
    await this.#storage.write(name, encodeCheckpoint(contents));
    return name;
  }

  /** @throws TrainError `CHECKPOINT_DAMAGED`, or `STORAGE_FAILED` where it is gone */
  async readBest(name: string): Promise<CheckpointContents> {
    return decodeCheckpoint(await this.#storage.read(name), name);
  }

  /** What is there of one kind, the latest first. */
  async list(kind: Kind): Promise<Stored[]> {
    const pattern = new RegExp(`^${kind}-(\\d+)\\.safetensors$`);
    const found = (await this.#storage.list()).flatMap((name) => {
      const step = pattern.exec(name)?.[1];
      return step === undefined ? [] : [{ name, step: Number(step) }];
    });
    return found.sort((a, b) => b.step - a.step);
  }

  /**
   * The latest checkpoint that is whole.
   *
   * @returns null where there is none at all
   * @throws TrainError `CHECKPOINT_DAMAGED` where there are some and all are damaged
   */
  async readLatest(): Promise<{
    readonly name: string;
    readonly step: number;
    readonly contents: CheckpointContents;
    readonly damaged: readonly DamagedCheckpoint[];
  } | null> {
    const damaged: DamagedCheckpoint[] = [];
    for (const { name, step } of await this.list('checkpoint')) {
      const contents = await this.#read(name);
      if (!(contents instanceof TrainError)) return { name, step, contents, damaged };
      damaged.push({ name, reason: contents.message });
    }
    if (damaged.length === 0) return null;
    throw new TrainError(
      'CHECKPOINT_DAMAGED',
      `[Trainer] every checkpoint is damaged: ${damaged.map(({ reason }) => reason).join(' ')} Remove them to start anew`,
    );
  }

  /** The latest checkpoint that is not known to be damaged. */
  async newest(): Promise<Stored | null> {
    return (await this.list('checkpoint')).find(({ name }) => !this.#damaged.has(name)) ?? null;
  }

  /** Removes the best models that neither `best` is nor a checkpoint names, such as one written just before a kill. */
  async removeUnnamed(best: string | null): Promise<void> {
    const models = await this.list('best');
    if (models.length === 0) return;
    const named = new Set([best]);
    for (const { name } of await this.list('checkpoint')) {
      if (!this.#best.has(name)) await this.#read(name);
      named.add(this.#best.get(name) ?? null);
    }
    for (const { name } of models) if (!named.has(name)) await this.#storage.remove(name);
  }

  /** Removes every checkpoint and best model. */
  async clear(): Promise<void> {
    for (const kind of ['checkpoint', 'best'] as const)
      for (const { name } of await this.list(kind)) await this.#storage.remove(name);
  }

  /** A checkpoint, or why it is damaged. */
  async #read(name: string): Promise<CheckpointContents | TrainError> {
    try {
      const contents = decodeCheckpoint(await this.#storage.read(name), name);
      this.#best.set(name, bestIn(contents));
      return contents;
    } catch (error) {
      if (!(error instanceof TrainError) || error.code !== 'CHECKPOINT_DAMAGED') throw error;
      this.#damaged.add(name);
      this.#best.set(name, null);
      return error;
    }
  }
}

function bestIn({ state }: CheckpointContents): string | null {
  const best = typeof state === 'object' && state !== null && 'best' in state ? state['best'] : null;
  return typeof best === 'string' ? best : null;
}

function nameOf(kind: Kind, step: number): string {
  return `${kind}-${String(step).padStart(8, '0')}.safetensors`;
}
