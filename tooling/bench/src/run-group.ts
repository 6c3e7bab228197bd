import { setTimeout } from 'node:timers/promises';
import type { Case, Digest } from './case.ts';
import { difference } from './compare.ts';
import type { Contestant } from './contestant.ts';
import { slowMilliseconds } from './protocol.ts';
import { median, spread } from './statistics.ts';

/**
 * Rest before each turn: threads of OpenMP look for work for up to 200 ms after a contestant has had its turn, and on
 * two cores they would take one from the next contestant (measured: our sweep on two threads up to 1.5 times slower).
 */
const restMilliseconds = 250;

export interface Cell {
  readonly contestant: string;
  /** Median of the runs; null where it could not be had, with the reason. */
  readonly milliseconds: number | null;
  readonly spread: number;
  readonly gigaflops: number | null;
  /** Growth over the idle process. */
  readonly megabytes: number | null;
  readonly note: string | null;
}

export interface Row {
  readonly case: Case;
  readonly cells: readonly Cell[];
}

export interface RunOptions {
  readonly rounds: number;
  /** About how long one contestant works in one round. */
  readonly roundMilliseconds: number;
  readonly onRow?: (row: Row) => void;
}

/**
 * Times every case on every contestant, in rounds that go from one to the next, so that a machine that grows slower
 * does so for all. A contestant whose result is not that of the first one is not timed.
 */
export async function runGroup(
  cases: readonly Case[],
  contestants: readonly Contestant[],
  options: RunOptions,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const work of cases) {
    const row = await runCase(work, contestants, options);
    options.onRow?.(row);
    rows.push(row);
  }
  return rows;
}

async function runCase(work: Case, contestants: readonly Contestant[], options: RunOptions): Promise<Row> {
  const ready: { contestant: Contestant; repeats: number; rounds: number; times: number[] }[] = [];
  const notes = new Map<string, string>();
  let truth: { digest: Digest; name: string } | null = null;
  for (const contestant of contestants) {
    const prepared = await contestant.prepare(work);
    if ('unsupported' in prepared) {
      notes.set(contestant.name, prepared.unsupported);
      continue;
    }
    truth ??= { digest: prepared.digest, name: contestant.name };
    const wrong = difference(truth.digest, prepared.digest);
    if (wrong) {
      notes.set(contestant.name, `not the result of ${truth.name}: ${wrong}`);
      continue;
    }
    const repeats = Math.max(1, Math.min(2000, Math.round(options.roundMilliseconds / prepared.milliseconds)));
    ready.push({
      contestant,
      repeats,
      rounds: prepared.milliseconds > slowMilliseconds ? 1 : options.rounds,
      times: [],
    });
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const { contestant, repeats, rounds, times } of ready) {
      if (round >= rounds) continue;
      await setTimeout(restMilliseconds);
      const { milliseconds } = await contestant.time(repeats);
      times.push(median(milliseconds));
    }
  }
  const cells: Cell[] = [];
  for (const { name } of contestants) {
    const entry = ready.find(({ contestant }) => contestant.name === name);
    if (!entry) {
      cells.push({
        contestant: name,
        milliseconds: null,
        spread: 0,
        gigaflops: null,
        megabytes: null,
        note: notes.get(name) ?? null,
      });
      continue;
    }
    const milliseconds = median(entry.times);
    const { idleBytes, peakBytes } = await entry.contestant.memory();
    cells.push({
      contestant: name,
      milliseconds,
      spread: spread(entry.times),
      gigaflops: work.flops > 0 ? work.flops / milliseconds / 1e6 : null,
      megabytes: (peakBytes - idleBytes) / 2 ** 20,
      note: null,
    });
  }
  return { case: work, cells };
}
