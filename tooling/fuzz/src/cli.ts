#!/usr/bin/env node
/** `pnpm fuzz [FORMAT…] [--files N] [--seed N] [--seconds N] [--keep FOLDER]` */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { damage } from './damage.ts';
import type { Format } from './format.ts';
import { formats } from './formats/index.ts';
import { type Finding, runFormat } from './run-format.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    files: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '10' },
    keep: { type: 'string' },
  },
});
const [files, seed, seconds] = [values.files, values.seed, values.seconds].map(Number) as [number, number, number];
const unknown = positionals.filter((name) => !Object.hasOwn(formats, name));
if (unknown.length > 0 || ![files, seed, seconds].every((value) => Number.isSafeInteger(value) && value >= 1)) {
  console.error(
    `usage: pnpm fuzz [FORMAT…] [--files N] [--seed N] [--seconds N] [--keep FOLDER]\nformats: ${Object.keys(formats).join(', ')}`,
  );
  process.exit(2);
}
for (const name of positionals.length > 0 ? positionals : Object.keys(formats)) {
  const started = performance.now();
  const report = await runFormat(formats[name]!, { files, seed, seconds });
  const of = (what: Finding['what']) => report.findings.filter((finding) => finding.what === what).length;
  console.log(
    `${name}: ${report.files} files, ${report.valid} read, ${report.typed} typed errors, ${of('untyped')} untyped, ${of('hang')} hung, ${of('memory')} over memory, ${of('crash')} crashed, ${((performance.now() - started) / 1000).toFixed(0)} s`,
  );
  for (const [text, { count, index }] of kindsOf(report.findings)) console.log(`  ${count} × ${text} (index ${index})`);
  if (report.findings.length > 0) process.exitCode = 1;
  if (values.keep) await keep(name, report.findings, values.keep);
}

/** Findings that differ only in numbers and quoted text are one. */
function kindsOf(findings: readonly Finding[]): Map<string, { count: number; index: number }> {
  const kinds = new Map<string, { count: number; index: number }>();
  for (const { what, text, index } of findings) {
    const kind = `${what}: ${text.replaceAll(/(?<![:\w])\d+(?!\w*:)/gu, 'N').replaceAll(/"[^"]*"/gu, '"…"')}`;
    const known = kinds.get(kind);
    if (known) known.count++;
    else kinds.set(kind, { count: 1, index });
  }
  return new Map([...kinds].sort(([, a], [, b]) => b.count - a.count).slice(0, 20));
}

/** Writes the damaged files that were found, so that they can be looked at. */
async function keep(name: string, findings: readonly Finding[], folder: string): Promise<void> {
  const { format } = (await import(formats[name]!.href)) as { format: Format };
  const seeds = await format.seeds();
  await mkdir(folder, { recursive: true });
  for (const { index, what } of findings.slice(0, 100)) {
    if (index >= 0)
      await writeFile(join(folder, `${name}-${seed}-${index}-${what}`), damage(format, seeds, seed, index));
  }
}
