import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from './statistics.ts';

/** Milliseconds of a fresh process, in parts; `process` is the runtime's own start, where it tells it. */
export interface StartupTimes {
  readonly process: number;
  readonly import: number;
  readonly create: number;
  readonly step: number;
}

export interface StartupRow {
  readonly contestant: string;
  /** Medians of the parts; null where it could not be run, with the reason. */
  readonly times: StartupTimes | null;
  readonly note: string | null;
}

const folder = fileURLToPath(new URL('../contestants/', import.meta.url));
const parts = ['process', 'import', 'create', 'step'] as const;

/** The command to start, by the name of the contestant. */
export function startupCommands(
  threads: number,
): Readonly<Record<string, readonly [command: string, ...rest: string[]]>> {
  const ours = (backend: string): readonly [string, ...string[]] => [
    process.execPath,
    `${folder}startup.mjs`,
    backend,
    String(threads),
  ];
  return {
    torch: ['python3', `${folder}startup.py`, String(threads)],
    [`cpu ${threads}`]: ours('cpu'),
    'native onednn': ours('onednn'),
    'native blas': ours('blas'),
  };
}

/**
 * Starts every contestant `rounds` times, one after another: import, backend, one training step of an LSTM 32, 128, 32,
 * 100.
 */
export async function measureStartup(
  commands: ReturnType<typeof startupCommands>,
  rounds: number,
): Promise<StartupRow[]> {
  const times = new Map<string, StartupTimes[]>();
  const notes = new Map<string, string>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, [command, ...rest]] of Object.entries(commands)) {
      if (notes.has(name)) continue;
      try {
        const { stdout } = await promisify(execFile)(command, rest);
        times.set(name, [...(times.get(name) ?? []), JSON.parse(stdout) as StartupTimes]);
      } catch (error) {
        notes.set(name, (error as Error).message.trim().split('\n').at(-1)!);
      }
    }
  }
  return Object.keys(commands).map((contestant) => {
    const runs = times.get(contestant);
    const medians = runs
      ? (Object.fromEntries(
          parts.map((part) => [part, median(runs.map((run) => run[part]))]),
        ) as unknown as StartupTimes)
      : null;
    return { contestant, times: medians, note: notes.get(contestant) ?? null };
  });
}

export function formatStartup(rows: readonly StartupRow[]): string {
  const head = ['', 'import ms', 'backend ms', 'first step ms', 'together ms', '(runtime ms)'];
  const lines = rows.map(({ contestant, times, note }) => {
    if (times === null) return [contestant, note ?? ''];
    return [
      contestant,
      ...[times.import, times.create, times.step, times.import + times.create + times.step, times.process].map(
        (value) => value.toFixed(0),
      ),
    ];
  });
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => (column > 0 && line.length === 2 ? 0 : (line[column]?.length ?? 0)))),
  );
  return [head, ...lines]
    .map((line) =>
      line.map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!))).join('  '),
    )
    .join('\n');
}
