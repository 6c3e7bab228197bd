import { ArgumentError, checkOptions, DisposedError, is, type OptionRules } from '@timestep/core';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { CtcBeamDecoder } from '../decoder/decoder.ts';
import type { BeamDecoderOptions } from '../decoder/options.ts';
import type { BeamResult } from '../decoder/result.ts';
import { checkEmissions, type Emissions } from '../emissions.ts';
import type { WorkerOptions, WorkerReply, WorkerRequest } from './messages.ts';

export interface DecoderPoolOptions {
  /** Worker threads, one a processor by default */
  readonly threads?: number | undefined;
}

// A thread takes some 40 MB.
const rules: OptionRules<DecoderPoolOptions> = { threads: is.optional(is.integer(1, 1024)) };

interface Job {
  readonly id: number;
  readonly emissions: Emissions;
  resolve(results: BeamResult[]): void;
  reject(error: Error): void;
}

/**
 * A beam search decoder on worker threads: the utterances of a batch are decoded side by side, each by one thread. The
 * options, the language model among them, are copied to each thread once. A pool that is open and idle does not keep
 * the process alive.
 *
 * @example
 * await using pool = new DecoderPool({ tokens: alphabet, languageModel: await readArpaFile('3-gram.arpa') });
 * const results = await pool.decode({ data: await logits.data(), shape: logits.shape, lengths });
 */
export class DecoderPool {
  readonly #idle: Worker[] = [];
  readonly #running = new Map<Worker, Job>();
  readonly #queue: Job[] = [];
  readonly #blank: number;
  #nextId = 0;
  #closed = false;

  /**
   * @param options what `CtcBeamDecoder` takes; they are checked here
   * @param given how many threads
   * @throws ArgumentError as `CtcBeamDecoder`, or for another number of threads than 1…1024
   */
  constructor(options: BeamDecoderOptions, given: DecoderPoolOptions = {}) {
    checkOptions('DecoderPool', given, rules);
    const { threads = availableParallelism() } = given;
    const { languageModel = null, lexicon, ...rest } = new CtcBeamDecoder(options).options;
    this.#blank = options.blank ?? 0;
    // An iterable, such as a generator, can be read once only.
    const plain = lexicon ? ([...lexicon] as BeamDecoderOptions['lexicon']) : null;
    const workerData: WorkerOptions = {
      options: { ...rest, lexicon: plain },
      languageModel: languageModel?.data ?? null,
    };
    const isSource = import.meta.url.endsWith('.ts');
    const url = new URL(isSource ? './decode-worker.ts' : './decode-worker.js', import.meta.url);
    for (let k = 0; k < threads; k++) {
      const worker = new Worker(url, {
        workerData,
        execArgv: isSource ? ['--conditions=@timestep/source', '--disable-warning=ExperimentalWarning'] : [],
      });
      worker.on('message', (reply: WorkerReply) => this.#settle(worker, reply));
      worker.on('error', (error) => this.#fail(worker, error));
      // Last: listening for messages keeps the process alive again.
      worker.unref();
      this.#idle.push(worker);
    }
  }

  /** As `CtcBeamDecoder.decode`, with the same errors, but later. */
  async decode(emissions: Emissions): Promise<BeamResult[][]> {
    if (this.#closed) throw new DisposedError('[DecoderPool] the pool was closed, expected an open one; make another');
    const { N, C, lengths } = checkEmissions('DecoderPool', emissions, this.#blank);
    const jobs = lengths.map(
      (length, n) =>
        new Promise<BeamResult[]>((resolve, reject) => {
          const data = new Float32Array(length * C);
          for (let t = 0; t < length; t++)
            for (let c = 0; c < C; c++) data[t * C + c] = emissions.data[(t * N + n) * C + c]!;
          this.#queue.push({ id: this.#nextId++, emissions: { data, shape: [length, C] }, resolve, reject });
        }),
    );
    this.#start();
    return Promise.all(jobs);
  }

  /** Ends the threads; what is still being decoded is rejected. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const workers = [...this.#idle, ...this.#running.keys()];
    const error = new DisposedError('[DecoderPool] the pool was closed before this was decoded');
    for (const job of [...this.#queue.splice(0), ...this.#running.values()]) job.reject(error);
    this.#running.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(): void {
    while (this.#idle.length > 0 && this.#queue.length > 0) {
      const worker = this.#idle.pop()!;
      const job = this.#queue.shift()!;
      this.#running.set(worker, job);
      // A thread keeps the process alive while it has something to do.
      worker.ref();
      const request: WorkerRequest = { id: job.id, emissions: job.emissions };
      worker.postMessage(request, [(job.emissions.data as Float32Array<ArrayBuffer>).buffer]);
    }
  }

  #settle(worker: Worker, reply: WorkerReply): void {
    const job = this.#running.get(worker);
    if (!job) return;
    this.#running.delete(worker);
    worker.unref();
    this.#idle.push(worker);
    if ('error' in reply) job.reject(new ArgumentError(reply.error.message, reply.error.code));
    else job.resolve(reply.results[0]!);
    this.#start();
  }

  /** A thread that broke takes its job with it; with the last one, all jobs. */
  #fail(worker: Worker, error: unknown): void {
    const failure = new ArgumentError(
      `[DecoderPool] a decoding thread ended: ${String(error)}; it may have run out of memory: use a smaller beamWidth or fewer threads`,
      'DECODER_FAILED',
    );
    this.#running.get(worker)?.reject(failure);
    this.#running.delete(worker);
    const at = this.#idle.indexOf(worker);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#idle.length + this.#running.size === 0) for (const job of this.#queue.splice(0)) job.reject(failure);
  }
}
