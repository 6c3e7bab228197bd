import { usage } from './constants.ts';

/** Queries of one set; two for each dispatch. */
const queries = 2048;

interface TimerSet {
  readonly set: GPUQuerySet;
  readonly resolved: GPUBuffer;
  readonly staging: GPUBuffer;
  /** The kernel of each pair of queries. */
  names: string[];
}

/** GPU time of each kernel by `timestamp-query`: a pair of time stamps around every dispatch. */
export class Timeline {
  readonly nanoseconds = new Map<string, number>();
  readonly #device: GPUDevice;
  readonly #idle: TimerSet[] = [];
  #used: TimerSet[] = [];
  readonly #reading = new Set<Promise<void>>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** The time stamp pair for the next dispatch. */
  stamp(name: string): GPUComputePassTimestampWrites {
    let current = this.#used.at(-1);
    if (current === undefined || current.names.length * 2 >= queries) {
      current = this.#idle.pop() ?? this.#create();
      this.#used.push(current);
    }
    const first = current.names.length * 2;
    current.names.push(name);
    return { querySet: current.set, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
  }

  #create(): TimerSet {
    const bytes = queries * 8;
    return {
      set: this.#device.createQuerySet({ type: 'timestamp', count: queries }),
      resolved: this.#device.createBuffer({ size: bytes, usage: usage.queryResolve | usage.copySource }),
      staging: this.#device.createBuffer({ size: bytes, usage: usage.mapRead | usage.copyTarget }),
      names: [],
    };
  }

  /** Encodes the copies of this batch's time stamps, just before the encoder finishes. */
  resolve(encoder: GPUCommandEncoder): void {
    for (const { set, resolved, staging, names } of this.#used) {
      encoder.resolveQuerySet(set, 0, names.length * 2, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, names.length * 16);
    }
  }

  /** Reads them once the batch was submitted. */
  collect(): void {
    for (const used of this.#used) {
      // A lost device rejects the mapping; the times are then lost with it.
      const reading: Promise<void> = this.#read(used)
        .catch(() => undefined)
        .finally(() => this.#reading.delete(reading));
      this.#reading.add(reading);
    }
    this.#used = [];
  }

  async #read(timer: TimerSet): Promise<void> {
    await timer.staging.mapAsync(0x1, 0, timer.names.length * 16);
    const stamps = new BigUint64Array(timer.staging.getMappedRange(0, timer.names.length * 16));
    timer.names.forEach((name, index) => {
      const elapsed = Number(stamps[2 * index + 1]! - stamps[2 * index]!);
      // A clock that is reset in between gives a negative time; drop it.
      if (elapsed >= 0) this.nanoseconds.set(name, (this.nanoseconds.get(name) ?? 0) + elapsed);
    });
    timer.staging.unmap();
    timer.names = [];
    this.#idle.push(timer);
  }

  async settle(): Promise<void> {
    await Promise.all(this.#reading);
  }

  reset(): void {
    this.nanoseconds.clear();
  }
}
