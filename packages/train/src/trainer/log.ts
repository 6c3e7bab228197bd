import type { Storage } from '../storage/storage.ts';
import type { Json } from '../schedules/schedule.ts';

/** One line of a log. */
export type LogRecord = Readonly<Record<string, Json>> & {
  readonly type: 'start' | 'train' | 'validation' | 'checkpoint' | 'end';
  readonly step: number;
};

/** A log in a storage, with one JSON object per line. */
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

  /**
   * Removes what a resumed run will write again: records after its step, the record of the end, and a line that a kill
   * left incomplete.
   *
   * @returns whether the log holds a record
   */
  async rewind(step: number): Promise<boolean> {
    return await this.#keep((record) => record !== null && record.step <= step && record.type !== 'end');
  }

  /** Removes the log, for a run that starts from the beginning. */
  async clear(): Promise<void> {
    await this.#storage.remove(this.#name);
  }

  /** Removes a line that a kill left incomplete and keeps the records of earlier runs. */
  async mend(): Promise<void> {
    await this.#keep((record) => record !== null);
  }

  async #keep(keeps: (record: { readonly step: number; readonly type: unknown } | null) => boolean): Promise<boolean> {
    if (!(await this.#storage.list()).includes(this.#name)) return false;
    const text = new TextDecoder().decode(await this.#storage.read(this.#name));
    // A line without a line break is incomplete, even if its JSON is valid.
    const kept = text
      .split('\n')
      .slice(0, -1)
      .filter((line) => keeps(readRecord(line)));
    const whole = kept.map((line) => `${line}\n`).join('');
    if (whole !== text) await this.#storage.write(this.#name, [new TextEncoder().encode(whole)]);
    return kept.length > 0;
  }
}

/** Parses a line; null if it is not a record. */
function readRecord(line: string): { readonly step: number; readonly type: unknown } | null {
  try {
    const { step, type } = (JSON.parse(line) ?? {}) as { step?: unknown; type?: unknown };
    return typeof step === 'number' ? { step, type } : null;
  } catch {
    return null;
  }
}
