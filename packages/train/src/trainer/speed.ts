/** Counts updates against the clock. */
export class Speed {
  #started = 0;
  #firstStep = 0;
  #lastTime = 0;
  #lastStep = 0;

  start(step: number): void {
    this.#started = this.#lastTime = performance.now();
    this.#firstStep = this.#lastStep = step;
  }

  /** What there is to tell now that `step` updates of `steps` are done. */
  at(
    step: number,
    steps: number,
  ): { readonly seconds: number; readonly stepsPerSecond: number; readonly secondsLeft: number } {
    const now = performance.now();
    const stepsPerSecond = (step - this.#lastStep) / Math.max(1e-9, (now - this.#lastTime) / 1000);
    const seconds = (now - this.#started) / 1000;
    const secondsLeft = ((steps - step) * seconds) / Math.max(1, step - this.#firstStep);
    this.#lastTime = now;
    this.#lastStep = step;
    return { seconds, stepsPerSecond, secondsLeft };
  }
}
