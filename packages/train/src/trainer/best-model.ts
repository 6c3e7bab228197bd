import type { LoadableTensor, Module } from '@timestep/layers';
import type { CheckpointStore } from '../checkpoint/checkpoint-store.ts';
import type { BestValidation } from './options.ts';

/**
 * The parameters at the best validation: in a file that the checkpoints name, or in memory where there is no storage.
 */
export class BestModel {
  readonly #model: Module;
  readonly #store: CheckpointStore | null;
  readonly #inMemory: boolean;
  #tensors: ReadonlyMap<string, LoadableTensor> | null = null;
  /** The file; null where there is none. */
  name: string | null = null;

  constructor(model: Module, store: CheckpointStore | null, inMemory: boolean) {
    this.#model = model;
    this.#store = store;
    this.#inMemory = inMemory;
  }

  async keep({ step, metrics }: BestValidation): Promise<void> {
    if (!this.#store && !this.#inMemory) return;
    const tensors = await this.#model.stateDict();
    if (this.#store) this.name = await this.#store.writeBest(step, { state: { step, metrics }, tensors });
    else this.#tensors = tensors;
  }

  /** Loads it into the model, where there is one. */
  async load(): Promise<void> {
    const tensors = this.#store && this.name !== null ? (await this.#store.readBest(this.name)).tensors : this.#tensors;
    if (tensors) this.#model.loadStateDict(tensors);
  }
}
