import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Case } from './case.ts';
import type { Hello, Memory, Prepared, Request, Timed } from './protocol.ts';

export interface ContestantDescription {
  /** Shown as the column's head. */
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const folder = fileURLToPath(new URL('../contestants/', import.meta.url));

/** Ours, on a backend of this name. */
export function timestepContestant(
  name: string,
  backend: string,
  threads: number,
  environment: Readonly<Record<string, string>> = {},
): ContestantDescription {
  return {
    name,
    command: process.execPath,
    arguments: [
      '--expose-gc',
      '--disable-warning=ExperimentalWarning',
      `${folder}timestep.ts`,
      backend,
      String(threads),
    ],
    environment,
  };
}

export function torchContestant(threads: number): ContestantDescription {
  return {
    name: 'torch',
    command: 'python3',
    arguments: [`${folder}torch_contestant.py`, String(threads)],
    environment: { OMP_NUM_THREADS: String(threads) },
  };
}

/** On the first CUDA device, cuDNN in fp32. */
export function torchCudaContestant(): ContestantDescription {
  return { name: 'torch cuda', command: 'python3', arguments: [`${folder}torch_contestant.py`, '4', 'cuda'] };
}

export function ortContestant(threads: number): ContestantDescription {
  return {
    name: 'ort',
    command: process.execPath,
    arguments: ['--disable-warning=ExperimentalWarning', `${folder}ort.ts`, String(threads)],
  };
}

export function tfjsContestant(): ContestantDescription {
  return {
    name: 'tfjs',
    command: process.execPath,
    arguments: ['--disable-warning=ExperimentalWarning', `${folder}tfjs.ts`],
  };
}

/** A contestant's process. It works only while a request is under way, one at a time. */
export class Contestant {
  readonly name: string;
  readonly hello: Hello;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(name: string, hello: Hello, child: ChildProcess, lines: AsyncIterator<string>) {
    this.name = name;
    this.hello = hello;
    this.#child = child;
    this.#lines = lines;
  }

  /** Starts it; a reason in words where it cannot be had. */
  static async start(description: ContestantDescription): Promise<Contestant | { readonly unavailable: string }> {
    const child = spawn(description.command, [...description.arguments], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...description.environment },
    });
    const complaints: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk.toString()));
    const failed = new Promise<string>((resolve) => child.once('error', (error) => resolve(error.message)));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await Promise.race([lines.next(), failed]);
    if (typeof first === 'string' || first.done) {
      return { unavailable: typeof first === 'string' ? first : reasonOf(complaints.join('')) };
    }
    return new Contestant(description.name, JSON.parse(first.value) as Hello, child, lines);
  }

  async prepare(work: Case): Promise<Prepared> {
    return (await this.#ask({ type: 'prepare', case: work })) as Prepared;
  }

  async time(repeats: number): Promise<Timed> {
    return (await this.#ask({ type: 'time', repeats })) as Timed;
  }

  async memory(): Promise<Memory> {
    return (await this.#ask({ type: 'memory' })) as Memory;
  }

  async #ask(request: Request): Promise<unknown> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`contestant '${this.name}' ended during ${JSON.stringify(request).slice(0, 200)}`);
    return JSON.parse(value) as unknown;
  }

  stop(): void {
    this.#child.stdin!.end();
    this.#child.kill();
  }
}

/** The line that says why a process ended: of Node's report that of the error, else the last, as in Python's. */
export function reasonOf(complaints: string): string {
  const lines = complaints.trim().split('\n');
  return lines.find((line) => /^(Uncaught )?\w*Error\b.*: /.test(line)) ?? (lines.at(-1) || 'it ended without a word');
}
