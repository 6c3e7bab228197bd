import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** A damaged file that a reader did not take as it should. */
export interface Finding {
  /** Of the file, for `damage`; negative for a seed */
  readonly index: number;
  readonly what: 'untyped' | 'hang' | 'memory' | 'crash';
  readonly text: string;
}

/** The messages of the child process, one per line. */
export type Line =
  | { readonly kind: 'index'; readonly index: number }
  | ({ readonly kind: 'finding' } & Finding)
  | { readonly kind: 'done'; readonly valid: number; readonly typed: number };

export interface FormatReport {
  /** Files read */
  readonly files: number;
  /** Of them, those that were still whole enough to be read */
  readonly valid: number;
  readonly typed: number;
  readonly findings: readonly Finding[];
}

export interface RunOptions {
  readonly files: number;
  readonly seed: number;
  /** The time limit for one file */
  readonly seconds: number;
}

/**
 * Lets a process of its own read `files` damaged files of a format. One that hangs or takes the process down is a
 * finding, and the next process goes on behind it.
 *
 * @param module address of the module whose export `format` is to be tried
 */
export async function runFormat(module: URL, { files, seed, seconds }: RunOptions): Promise<FormatReport> {
  const findings: Finding[] = [];
  let [valid, typed] = [0, 0];
  for (let first = 0; first < files;) {
    const run = await runChild(module, { seed, first, count: files - first, seconds });
    findings.push(...run.findings);
    valid += run.valid;
    typed += run.typed;
    first = run.next;
    // A reader that fails on everything needs no further proof.
    if (findings.length >= 1000) return { files: first, valid, typed, findings };
  }
  return { files, valid, typed, findings };
}

interface ChildRun {
  readonly valid: number;
  readonly typed: number;
  readonly findings: Finding[];
  /** The index to go on with */
  readonly next: number;
}

async function runChild(
  module: URL,
  { seed, first, count, seconds }: { seed: number; first: number; count: number; seconds: number },
): Promise<ChildRun> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=@timestep/source',
      '--disable-warning=ExperimentalWarning',
      '--expose-gc',
      '--max-old-space-size=512',
      fileURLToPath(new URL('./child.ts', import.meta.url)),
      module.href,
      ...[seed, first, count].map(String),
    ],
    // Spared the conditions of the test runner, if it runs in one.
    { stdio: ['ignore', 'ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_OPTIONS: '' } },
  );
  const findings: Finding[] = [];
  const done = { valid: 0, typed: 0, complete: false };
  let index = first - 1;
  let hung = false;
  // Loading the module takes longer than reading a file.
  let timer = setTimeout(stop, 1000 * (seconds + 60));
  function stop(): void {
    hung = true;
    child.kill('SIGKILL');
  }
  let complaint = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-2000)));
  const ended = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? `exit ${code}`));
  });
  for await (const text of createInterface({ input: child.stdio[3] as Readable })) {
    const line = JSON.parse(text) as Line;
    if (line.kind === 'index') {
      index = line.index;
      clearTimeout(timer);
      timer = setTimeout(stop, 1000 * seconds);
    } else if (line.kind === 'finding') findings.push({ index: line.index, what: line.what, text: line.text });
    else Object.assign(done, { valid: line.valid, typed: line.typed, complete: true });
  }
  const how = await ended;
  clearTimeout(timer);
  if (done.complete) return { ...done, findings, next: first + count };
  if (index < first) throw new Error(`the reader of ${module.href} did not start (${how}): ${complaint}`);
  findings.push(
    hung
      ? { index, what: 'hang', text: `not read within ${seconds} s` }
      : { index, what: 'crash', text: `${how}: ${complaint.slice(0, 300)}` },
  );
  return { valid: 0, typed: 0, findings, next: index + 1 };
}
