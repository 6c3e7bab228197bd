import type { Row } from './run-group.ts';

/** A plain table: a row a case, for each contestant its time, and the reference's time over it. */
export function formatTable(rows: readonly Row[], reference: string): string {
  const names = rows[0]?.cells.map(({ contestant }) => contestant) ?? [];
  const compared = names.includes(reference);
  const head = [
    '',
    ...names.flatMap((name) =>
      compared && name !== reference
        ? [`${name} ms`, '±', 'GFLOP/s', 'MB', `${reference}/it`]
        : [`${name} ms`, '±', 'GFLOP/s', 'MB'],
    ),
  ];
  const lines = rows.map(({ case: work, cells }) => {
    const base = cells.find(({ contestant }) => contestant === reference)?.milliseconds;
    return [
      work.name,
      ...cells.flatMap((cell) => {
        const ratio = base && cell.milliseconds ? (base / cell.milliseconds).toFixed(2) : '';
        const figures =
          cell.milliseconds === null
            ? ['–', '', '', '']
            : [
                format(cell.milliseconds),
                `${(100 * cell.spread).toFixed(0)} %`,
                cell.gigaflops?.toFixed(0) ?? '',
                cell.megabytes?.toFixed(0) ?? '',
              ];
        return compared && cell.contestant !== reference ? [...figures, ratio] : figures;
      }),
    ];
  });
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]!.length)));
  const notes = rows.flatMap(({ case: work, cells }) =>
    cells.filter(({ note }) => note).map(({ contestant, note }) => `${contestant}, ${work.name}: ${note}`),
  );
  const show = (line: readonly string[]): string =>
    line
      .map((text, column) => (column === 0 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [show(head), widths.map((width) => '-'.repeat(width)).join('  '), ...lines.map(show), ...notes].join('\n');
}

function format(milliseconds: number): string {
  return milliseconds >= 100
    ? milliseconds.toFixed(0)
    : milliseconds >= 10
      ? milliseconds.toFixed(1)
      : milliseconds.toFixed(3);
}
