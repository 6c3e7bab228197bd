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

  /**
   * Cuts off what the resumed run will write again: what lies behind its step, an end that was none after all, and a
   * line that a kill left unfinished.
   *
   * @returns whether the log is begun: it holds a record
   */
  async rewind(step: number): Promise<boolean> {
    return await this.#keep((record) => record !== null && record.step <= step && record.type !== 'end');
  }

  /** Removes it: the run begins anew. */
  async clear(): Promise<void> {
    await this.#storage.remove(this.#name);
  }

  /** Cuts off a line that a kill left unfinished, and leaves the others of earlier runs. */
  async mend(): Promise<void> {
    await this.#keep((record) => record !== null);
  }

  async #keep(keeps: (record: { readonly step: number; readonly type: unknown } | null) => boolean): Promise<boolean> {
    if (!(await this.#storage.list()).includes(this.#name)) return false;
    const text = new TextDecoder().decode(await this.#storage.read(this.#name));
    // A line without its end is unfinished, even where it happens to be whole.
    const kept = text
      .split('\n')
      .slice(0, -1)
      .filter((line) => keeps(readRecord(line)));
    const whole = kept.map((line) => `${line}\n`).join('');
    if (whole !== text) await this.#storage.write(this.#name, [new TextEncoder().encode(whole)]);
    return kept.length > 0;
  }
}

/** Null for a line that is no record. */
function readRecord(line: string): { readonly step: number; readonly type: unknown } | null {
  try {
    const { step, type } = (JSON.parse(line) ?? {}) as { step?: unknown; type?: unknown };
    return typeof step === 'number' ? { step, type } : null;
  } catch {
    return null;
  }
}
