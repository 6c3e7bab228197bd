import { Worker } from 'node:worker_threads';

/** Ends the process where one call blocks it for so long; the test runner cannot stop a loop without an await. */
const limitMs = 20_000;

const source = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const beats = new Int32Array(workerData.shared, 0, 1);
const text = new Uint8Array(workerData.shared, 4);
let last = -1;
let since = Date.now();
setInterval(() => {
  const now = Atomics.load(beats, 0);
  if (now !== last) [last, since] = [now, Date.now()];
  else if (now !== 0 && Date.now() - since > workerData.limitMs) {
    const name = Buffer.from(text).toString('utf8').replace(/\\0.*$/s, '');
    writeSync(2, 'misuse: this call never ends: ' + name + '\\n');
    process.kill(process.pid, 'SIGKILL');
  }
}, 500);
`;

/** A thread that watches this one. */
export class Watchdog {
  readonly #shared = new SharedArrayBuffer(4 + 400);
  readonly #worker = new Worker(source, { eval: true, workerData: { shared: this.#shared, limitMs } });

  /** Says which call begins now. */
  announce(call: string): void {
    const text = new Uint8Array(this.#shared, 4).fill(0);
    text.set(new TextEncoder().encode(call).subarray(0, text.length));
    Atomics.add(new Int32Array(this.#shared, 0, 1), 0, 1);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
