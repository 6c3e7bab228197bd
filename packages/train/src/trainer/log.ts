import type { Storage } from '../storage/storage.ts';
import type { Json } from '../schedules/schedule.ts';

/** What one line of a log holds. */
export type LogRecord = Readonly<Record<string, Json>> & {
  readonly type: 'start' | 'train' | 'validation' | 'checkpoint' | 'end';
  readonly step: number;
};

/** A log in a storage: one JSON object in a line, each line whole. */
export class Log {
  readonly #storage: Storage;
  readonly #name: string;

  constructor(storage: Storage, name: string) {
    this.#storage = storage;
    this.#name = name;
  }

  async write(record: LogRecord): Promise<void> {
    await this.#storage.append(this.#name, `${JSON.stringify(record)}\n`);
  }

  /** Cuts off what lies behind a step, and a line that a kill left unfinished: the resumed run will write it again. */
  async rewind(step: number): Promise<void> {
    if (!(await this.#storage.list()).includes(this.#name)) return;
    const text = new TextDecoder().decode(await this.#storage.read(this.#name));
    const kept = text.split('\n').filter((line) => stepOf(line) <= step);
    await this.#storage.write(this.#name, [new TextEncoder().encode(kept.map((line) => `${line}\n`).join(''))]);
  }
}

/** Infinity for a line that is no record. */
function stepOf(line: string): number {
  try {
    const { step } = JSON.parse(line) as { step?: unknown };
    return typeof step === 'number' ? step : Infinity;
  } catch {
    return Infinity;
  }
}
