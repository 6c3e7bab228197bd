import { ArgumentError } from '@timestep/core';
import type { DataSource } from '../data/data-source.ts';
import type { FitOptions } from './options.ts';

/** When a call of `fit` ends. */
export class Limit {
  /** As the caller gave them; null where that is left out. */
  readonly steps: number | null;
  readonly epochs: number | null;
  readonly #data: DataSource<unknown>;

  /** @throws ArgumentError where neither steps nor epochs are given, and for a data source that does not count epochs */
  constructor({ steps, epochs }: FitOptions, data: DataSource<unknown>) {
    if (steps === undefined && epochs === undefined)
      throw new ArgumentError('[Trainer.fit] expected steps or epochs, got neither; pass { steps } or { epochs }');
    if (epochs !== undefined && !data.epochs)
      throw new ArgumentError(
        '[Trainer.fit] epochs need a data source that counts them, such as epochData or windowData; pass steps instead',
      );
    this.steps = steps ?? null;
    this.epochs = epochs ?? null;
    this.#data = data;
  }

  /** Why training ends after `step` updates; null where it goes on. */
  reached(step: number): 'steps' | 'epochs' | null {
    if (this.steps !== null && step >= this.steps) return 'steps';
    return this.epochs !== null && this.#passes >= this.epochs ? 'epochs' : null;
  }

  /** The updates in all, as far as that can be known after `step` of them. */
  total(step: number): number {
    const byEpochs =
      this.epochs === null ? Infinity : this.#passes > 0 ? Math.round((step * this.epochs) / this.#passes) : Infinity;
    const total = Math.max(step, Math.min(this.steps ?? Infinity, byEpochs));
    return Number.isFinite(total) ? total : step;
  }

  get #passes(): number {
    return this.#data.epochs?.() ?? 0;
  }
}
