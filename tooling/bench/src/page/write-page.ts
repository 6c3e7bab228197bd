import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../report.ts';
import type { Row } from '../run-group.ts';
import { formatDecoding } from '../decode.ts';
import { formatStartup } from '../startup.ts';
import { barChart } from './bars.ts';

/** The values of a group's chart: the reference's time divided by each of the others', by row. */
export function ratiosOf(
  rows: readonly Row[],
  reference: string,
): { categories: string[]; series: { name: string; values: (number | null)[] }[] } {
  const names = (rows[0]?.cells ?? []).map(({ contestant }) => contestant).filter((name) => name !== reference);
  const time = (row: Row, name: string): number | null =>
    row.cells.find(({ contestant }) => contestant === name)?.milliseconds ?? null;
  const compared = rows.filter((row) => time(row, reference) !== null);
  return {
    categories: compared.map((row) => row.case.name),
    series: names.map((name) => ({
      name,
      values: compared.map((row) => {
        const own = time(row, name);
        return own === null ? null : time(row, reference)! / own;
      }),
    })),
  };
}

/** Milliseconds as the tables show them. */
function show(milliseconds: number | null): string {
  if (milliseconds === null) return '–';
  return milliseconds >= 100
    ? milliseconds.toFixed(0)
    : milliseconds >= 10
      ? milliseconds.toFixed(1)
      : milliseconds.toPrecision(2);
}

function table(rows: readonly Row[], reference: string): string {
  const names = (rows[0]?.cells ?? []).map(({ contestant }) => contestant);
  const lines = rows.map((row) => {
    const base = row.cells.find(({ contestant }) => contestant === reference)?.milliseconds ?? null;
    const cells = row.cells.map(({ contestant, milliseconds, spread, gigaflops, megabytes }) => {
      if (milliseconds === null) return '–';
      const ratio = base !== null && contestant !== reference ? ` **${(base / milliseconds).toFixed(2)}×**` : '';
      const rate = gigaflops === null ? '' : `, ${gigaflops.toFixed(0)} GFLOP/s`;
      return `${show(milliseconds)} ± ${(100 * spread).toFixed(0)} %${ratio}<br><sub>${(megabytes ?? 0).toFixed(0)} MB${rate}</sub>`;
    });
    return `| ${[row.case.name, ...cells].join(' | ')} |`;
  });
  return [`| | ${names.join(' | ')} |`, `|---|${names.map(() => '---:').join('|')}|`, ...lines].join('\n');
}

/** Writes `benchmarks.md`, its pictures and `benchmarks.json` into the folder. */
export function writePage(folder: string, report: Report, titles: Readonly<Record<string, string>>): void {
  const pictures = join(folder, 'images', 'benchmarks');
  mkdirSync(pictures, { recursive: true });
  const { machine, contestants, results, startup, decode } = report;
  const reference = 'torch';
  const sections = Object.entries(results).map(([name, rows]) => {
    const { categories, series } = ratiosOf(rows, reference);
    const picture = categories.length > 0;
    if (picture)
      writeFileSync(
        join(pictures, `${name}.svg`),
        barChart(`${name}: PyTorch’s time over ours (longer is faster)`, categories, series),
      );
    return [
      `## ${titles[name] ?? name}`,
      '',
      `\`npx pnpm bench ${name}\``,
      '',
      ...(picture ? [`![${name}](images/benchmarks/${name}.svg)`, ''] : []),
      table(rows, reference),
      '',
    ].join('\n');
  });
  const page = [
    '# Benchmarks',
    '',
    `Written by \`npx pnpm bench ${report.arguments.map((one) => (/\s/.test(one) ? `"${one}"` : one)).join(' ')}\`.`,
    'Each contestant runs in a separate process. They take turns in rounds, and a row shows the median of the rounds and its',
    'spread. Before the timing, the outputs and gradients of all contestants are compared. **×** is PyTorch’s time divided by',
    'ours: above 1, ours is faster. Megabytes are the growth of the process over its idle state.',
    '',
    `Machine: ${machine.processor}, ${machine.cores} cores, ${machine.gigabytes} GB, ${machine.vectors.join(' ')}; Node ${machine.node}, ${machine.platform}.`,
    '',
    ...contestants.map(({ name, version, device }) => `- ${name}: ${version}, ${device}`),
    '',
    ...sections,
    ...(startup
      ? [
          '## From the start of the process to the first training step',
          '',
          '`npx pnpm bench startup`',
          '',
          '```text',
          formatStartup(startup),
          '```',
          '',
        ]
      : []),
    ...(decode
      ? [
          '## CTC decoding on the host, one thread',
          '',
          '`npx pnpm bench decode`',
          '',
          '```text',
          ...decode.map(formatDecoding),
          '```',
          '',
        ]
      : []),
  ].join('\n');
  writeFileSync(join(folder, 'benchmarks.md'), page);
  writeFileSync(join(folder, 'benchmarks.json'), `${JSON.stringify(report, null, 1)}\n`);
}
