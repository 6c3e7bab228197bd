/**
 * Kills training runs at random moments, again and again, and compares what they leave with an uninterrupted run: every
 * file to the byte, and the log line by line. From the command line, in packages/train:
 *
 *   node --conditions=@timestep/source src/test-support/kill-series.ts 200
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Generator } from '@timestep/core';

const script = fileURLToPath(new URL('./killed-run.ts', import.meta.url));

export interface KillSeriesOptions {
  readonly kills: number;
  /** Updates of a run. */
  readonly steps: number;
  readonly seed: number;
}

export interface KillSeriesReport {
  readonly kills: number;
  /** Runs that came to their end, each after some kills. */
  readonly runs: number;
  /** Kills before the first checkpoint of a run. */
  readonly early: number;
  /** What differs from the uninterrupted run; empty where all is well. */
  readonly differences: readonly string[];
}

/** @throws Error where a run ends otherwise than by its end or the kill */
export async function killSeries({ kills, steps, seed }: KillSeriesOptions): Promise<KillSeriesReport> {
  const root = mkdtempSync(join(tmpdir(), 'timestep-kill-'));
  const random = new Generator(seed);
  try {
    const whole = join(root, 'whole');
    await train(whole, steps, null);
    const differences: string[] = [];
    let [killed, runs, early] = [0, 0, 0];
    while (killed < kills || runs === 0) {
      const folder = join(root, `run-${runs}`);
      for (;;) {
        // Half of the kills come soon after the start: while a run resumes, and before its first checkpoint.
        const signs = random.integer(2) === 0 ? random.integer(3) : random.integer(steps / 4);
        const kill = killed < kills ? { signs, delay: random.uniform(0, signs === 0 ? 400 : 15) } : null;
        if (!(await train(folder, steps, kill))) break;
        killed++;
        if (!filesOf(folder).some((name) => name.startsWith('checkpoint'))) early++;
      }
      runs++;
      differences.push(...compare(whole, folder).map((what) => `run ${runs}, after ${killed} kills in all: ${what}`));
      rmSync(folder, { recursive: true, force: true });
    }
    return { kills: killed, runs, early, differences };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

interface Kill {
  /** Signs of life to wait for: the first comes before the checkpoint is read, the others while it trains. */
  readonly signs: number;
  /** Milliseconds from there. */
  readonly delay: number;
}

/** Trains in a process of its own, which is killed at some moment; false where it came to its end before that. */
async function train(folder: string, steps: number, kill: Kill | null): Promise<boolean> {
  const child = spawn(
    process.execPath,
    ['--conditions=@timestep/source', '--disable-warning=ExperimentalWarning', script, folder, String(steps)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let signs = 0;
  let dying = false;
  const look = (): void => {
    if (dying || kill === null || signs < kill.signs) return;
    dying = true;
    setTimeout(() => child.kill('SIGKILL'), kill.delay);
  };
  look();
  child.stdout.on('data', (chunk: Buffer) => {
    signs += chunk.toString().split('\n').length - 1;
    look();
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`a run ended with ${code ?? signal}`);
  return signal === 'SIGKILL';
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function compare(whole: string, pieces: string): string[] {
  const [expected, got] = [filesOf(whole), filesOf(pieces)];
  if (expected.join() !== got.join()) return [`the files are ${got.join(' ')}, expected ${expected.join(' ')}`];
  return expected.flatMap((name) => {
    const [a, b] = [readFileSync(join(whole, name)), readFileSync(join(pieces, name))];
    if (!name.endsWith('.jsonl')) return a.equals(b) ? [] : [`${name} differs`];
    const [wanted, lines] = [linesOf(a), linesOf(b)];
    const at = wanted.findIndex((line, index) => line !== lines[index]);
    if (at < 0 && wanted.length === lines.length) return [];
    return [
      `line ${at + 1} of ${wanted.length} of ${name} is ${lines[at] ?? 'missing'}, expected ${wanted[at] ?? 'none'}`,
    ];
  });
}

/** The lines of a log, without what the clock says. */
function linesOf(log: Buffer): string[] {
  return log
    .toString()
    .split('\n')
    .map((line) => {
      if (line === '') return '';
      const { seconds: _, ...rest } = JSON.parse(line) as Record<string, unknown>;
      return JSON.stringify(rest);
    });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [kills = '200', seed = '1'] = process.argv.slice(2);
  const started = performance.now();
  const report = await killSeries({ kills: Number(kills), steps: 60, seed: Number(seed) });
  console.log(JSON.stringify({ ...report, seconds: Math.round((performance.now() - started) / 1000) }, null, 2));
  process.exitCode = report.differences.length > 0 ? 1 : 0;
}
