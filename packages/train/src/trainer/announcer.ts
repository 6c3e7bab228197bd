import type { FitResult, Progress, TrainerListener, ValidationReport } from './options.ts';

/** Tells the listeners of a run, one after another. */
export class Announcer {
  readonly #listeners: readonly TrainerListener[];

  constructor({
    listeners = [],
    ...own
  }: TrainerListener & { readonly listeners?: readonly TrainerListener[] | undefined }) {
    this.#listeners = [own, ...listeners];
  }

  async progress(progress: Progress): Promise<void> {
    for (const listener of this.#listeners) await listener.onProgress?.(progress);
  }

  async validation(report: ValidationReport): Promise<void> {
    for (const listener of this.#listeners) await listener.onValidation?.(report);
  }

  async checkpoint(name: string, step: number): Promise<void> {
    for (const listener of this.#listeners) await listener.onCheckpoint?.(name, step);
  }

  async end(result: FitResult): Promise<void> {
    for (const listener of this.#listeners) await listener.onEnd?.(result);
  }
}
