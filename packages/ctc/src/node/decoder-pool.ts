import { ArgumentError, checkOptions, DisposedError, is, type OptionRules } from '@timestep/core';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { CTCBeamDecoder } from '../decoder/decoder.ts';
import type { BeamDecoderOptions } from '../decoder/options.ts';
import type { BeamResult } from '../decoder/result.ts';
import { checkEmissions, type Emissions } from '../emissions.ts';
import type { WorkerOptions, WorkerReply, WorkerRequest } from './messages.ts';

/** Options of `DecoderPool`. */
export interface DecoderPoolOptions {
  /** The number of worker threads, one for each processor by default. */
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
 * A beam search decoder on worker threads. The utterances of a batch are decoded in parallel, one thread each. The
 * options, including the language model, are copied to each thread once. An idle pool does not keep the process alive.
 *
 * @throws ArgumentError as `CTCBeamDecoder`; `INVALID_ARGUMENT` if the number of threads is not 1…1024
 * @example
 * ```ts
 * await using pool = new DecoderPool({ tokens: alphabet, languageModel: await readArpaFile('3-gram.arpa') });
 * const results = await pool.decode({ data: await logits.data(), shape: logits.shape });
 * ```
 */
export class DecoderPool {
  readonly #idle: Worker[] = [];
  readonly #running = new Map<Worker, Job>();
  readonly #queue: Job[] = [];
  readonly #blank: number;
  #nextId = 0;
  #closed = false;

  /**
   * @param options the options of `CTCBeamDecoder`
   * @param given the number of threads
   * @throws ArgumentError as `CTCBeamDecoder`; `INVALID_ARGUMENT` if the number of threads is not 1…1024
   */
  constructor(options: BeamDecoderOptions, given: DecoderPoolOptions = {}) {
    checkOptions('DecoderPool', given, rules);
    const { threads = availableParallelism() } = given;
    const { languageModel = null, lexicon, ...rest } = new CTCBeamDecoder(options).options;
    this.#blank = options.blank ?? 0;
    // A generator can be read only once.
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
      // Call unref last: listening for messages keeps the process alive again.
      worker.unref();
      this.#idle.push(worker);
    }
  }

  /**
   * Decodes whole utterances, like `CTCBeamDecoder.decode`.
   *
   * @param emissions logits or log-probabilities, `[T, C]` or `[T, N, C]`
   * @returns for each utterance at most `nBest` hypotheses, the best first
   * @throws ArgumentError, ShapeError as `CTCBeamDecoder.decode`; `DECODER_FAILED` if a thread ended
   * @throws DisposedError if the pool is closed
   */
  async decode(emissions: Emissions): Promise<BeamResult[][]> {
    if (this.#closed) throw new DisposedError('[DecoderPool] the pool is closed; create a new one');
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

  /** Ends the threads, and rejects the utterances that are not decoded yet. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const workers = [...this.#idle, ...this.#running.keys()];
    const error = new DisposedError(
      '[DecoderPool] the pool was closed before this utterance was decoded; await its result before you close the pool',
    );
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
      // A busy thread keeps the process alive.
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

  /** Rejects the job of a thread that failed; all jobs if it was the last thread. */
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
