/**
 * Gives timers, signals and the user interface their turn. On a backend that computes at once a training loop awaits
 * nothing but finished promises, and those alone never let a macrotask in.
 */
export class Turns {
  #last = performance.now();

  /** Waits for one turn of the event loop, where the last is more than `milliseconds` ago. */
  async take(milliseconds: number): Promise<void> {
    if (performance.now() - this.#last < milliseconds) return;
    // A message: a timer of 0 ms takes at least 1 in Node and 4 in browsers.
    const { port1, port2 } = new MessageChannel();
    await new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(null);
    });
    port1.close();
    this.#last = performance.now();
  }
}
