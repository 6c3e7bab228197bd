import { readFileSync, writeFileSync } from 'node:fs';

/**
 * What a piece of work took of memory, at its highest, in bytes: both what it touched and what it merely reserved.
 *
 * Linux alone tells the peak, and lets it start anew (writing 5 to `clear_refs`); elsewhere nothing is measured.
 */
export class MemoryMeter {
  readonly #available: boolean;
  #resident = 0;
  #reserved = 0;

  constructor() {
    this.#available = peaks() !== undefined;
  }

  start(): void {
    if (!this.#available) return;
    writeFileSync('/proc/self/clear_refs', '5');
    const { residentNow, reservedPeak } = peaks()!;
    this.#resident = residentNow;
    this.#reserved = reservedPeak;
  }

  /** Bytes beyond what was in use at `start`. */
  stop(): number {
    const now = this.#available ? peaks() : undefined;
    if (!now) return 0;
    return Math.max(now.residentPeak - this.#resident, now.reservedPeak - this.#reserved, 0);
  }
}

function peaks(): { residentNow: number; residentPeak: number; reservedPeak: number } | undefined {
  try {
    const status = readFileSync('/proc/self/status', 'latin1');
    const field = (name: string) => 1024 * Number(new RegExp(`${name}:\\s+(\\d+) kB`, 'u').exec(status)![1]);
    return { residentNow: field('VmRSS'), residentPeak: field('VmHWM'), reservedPeak: field('VmPeak') };
  } catch {
    return undefined;
  }
}
