import { DeviceError, type TimestepError } from '@timestep/backend-api';

/**
 * Everything a GPU reports late. WebGPU calls never throw for a bad shader, a failed allocation or a lost device; the
 * news comes through error scopes, the `uncapturederror` event and `device.lost`. They are gathered here, and the next
 * `read` or `sync` rejects with the first of them.
 */
export class Failures {
  readonly #device: GPUDevice;
  readonly #open = new Set<Promise<void>>();
  #scopes = 0;
  #first: { error: TimestepError; order: number } | null = null;
  #lost: DeviceError | null = null;

  constructor(device: GPUDevice) {
    this.#device = device;
    device.addEventListener('uncapturederror', (event) => {
      const error = new DeviceError('KERNEL_FAILED', `[webgpu] the device reported: ${event.error.message}`);
      this.#record(error, this.#scopes++);
    });
    void device.lost.then((info) => {
      const why = info.message === '' ? info.reason : `${info.reason}: ${info.message}`;
      this.#lost = new DeviceError(
        'DEVICE_LOST',
        `[webgpu] the device was lost (${why}); make a new backend and resume from the last checkpoint`,
      );
    });
  }

  /** Keeps the error of the earliest call until it is reported; those after it are mostly its consequences. */
  #record(error: TimestepError, order: number): void {
    if (this.#first === null || order < this.#first.order) this.#first = { error, order };
  }

  /** The next `read` or `sync` rejects with this, unless an earlier call failed. */
  report(error: TimestepError): void {
    this.#record(error, this.#scopes++);
  }

  /** Runs `action` inside error scopes; what they catch is recorded as `explain` words it. */
  guard<Result>(
    filters: readonly GPUErrorFilter[],
    action: () => Result,
    explain: (error: GPUError) => TimestepError | Promise<TimestepError>,
  ): Result {
    for (const filter of filters) this.#device.pushErrorScope(filter);
    try {
      return action();
    } finally {
      for (let index = 0; index < filters.length; index++) this.#watch(this.#device.popErrorScope(), explain);
    }
  }

  #watch(scope: Promise<GPUError | null>, explain: (error: GPUError) => TimestepError | Promise<TimestepError>): void {
    const order = this.#scopes++;
    const settled: Promise<void> = scope
      .then(async (error) => {
        if (error !== null) this.#record(await explain(error), order);
      })
      // A scope of a lost device may reject; `device.lost` tells of that.
      .catch(() => undefined)
      .finally(() => this.#open.delete(settled));
    this.#open.add(settled);
  }

  /** Waits for every open scope. */
  async drain(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }

  /** Waits for every open scope, then throws the first error recorded since the last call, if any. */
  async settle(): Promise<void> {
    await this.drain();
    // The event and the loss are announced by tasks of their own; one turn of the queue lets them in.
    await Promise.resolve();
    if (this.#lost !== null) throw this.#lost;
    const first = this.#first;
    this.#first = null;
    if (first !== null) throw first.error;
  }

  /**
   * After a call rejected: gives the loss that caused it the time to be announced, and throws it or the first error.
   */
  async explain(cause: unknown): Promise<never> {
    await Promise.race([this.#device.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
    await this.settle();
    throw new DeviceError('KERNEL_FAILED', `[webgpu] the device gave up: ${String(cause)}`, { cause });
  }
}
