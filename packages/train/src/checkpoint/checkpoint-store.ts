import { ArgumentError } from '@timestep/core';
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

/** The checkpoints and best models of one run in a storage: their names, their order, and how many are kept. */
export class CheckpointStore {
  readonly #storage: Storage;
  readonly #keep: number;

  /** @param keep checkpoints to keep; at least 2, so that one is left where the last is damaged */
  constructor(storage: Storage, keep: number) {
    if (!Number.isInteger(keep) || keep < 2)
      throw new ArgumentError(
        `[trainer] expected checkpoints.keep to be an integer ≥ 2, got ${keep}; the one before is needed where the last is damaged`,
      );
    this.#storage = storage;
    this.#keep = keep;
  }

  /** Writes a checkpoint, then removes those that are too many, and the best models that none of the others names. */
  async writeCheckpoint(step: number, contents: CheckpointContents): Promise<string> {
    const name = nameOf('checkpoint', step);
    await this.#storage.write(name, encodeCheckpoint(contents));
    const checkpoints = await this.list('checkpoint');
    for (const old of checkpoints.slice(this.#keep)) await this.#storage.remove(old.name);
    const kept = checkpoints.slice(0, this.#keep);
    const models = await this.list('best');
    // A checkpoint names the newest best model that is not newer than itself.
    const named = new Set(kept.map((checkpoint) => models.find((model) => model.step <= checkpoint.step)));
    for (const model of models) if (model.step <= step && !named.has(model)) await this.#storage.remove(model.name);
    return name;
  }

  /** Writes the best model so far. */
  async writeBest(step: number, contents: CheckpointContents): Promise<string> {
    const name = nameOf('best', step);
    await this.#storage.write(name, encodeCheckpoint(contents));
    return name;
  }

  /** @throws TrainError `CHECKPOINT_DAMAGED` */
  async readBest(step: number): Promise<CheckpointContents> {
    const name = nameOf('best', step);
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
    readonly contents: CheckpointContents;
    readonly damaged: readonly DamagedCheckpoint[];
  } | null> {
    const damaged: DamagedCheckpoint[] = [];
    for (const { name } of await this.list('checkpoint')) {
      try {
        return { name, contents: decodeCheckpoint(await this.#storage.read(name), name), damaged };
      } catch (error) {
        if (!(error instanceof TrainError) || error.code !== 'CHECKPOINT_DAMAGED') throw error;
        damaged.push({ name, reason: error.message });
      }
    }
    if (damaged.length === 0) return null;
    throw new TrainError(
      'CHECKPOINT_DAMAGED',
      `[trainer] every checkpoint is damaged: ${damaged.map(({ reason }) => reason).join(' ')} Remove them to start anew`,
    );
  }

  /** Removes every checkpoint and best model. */
  async clear(): Promise<void> {
    for (const kind of ['checkpoint', 'best'] as const)
      for (const { name } of await this.list(kind)) await this.#storage.remove(name);
  }
}

function nameOf(kind: Kind, step: number): string {
  return `${kind}-${String(step).padStart(8, '0')}.safetensors`;
}
