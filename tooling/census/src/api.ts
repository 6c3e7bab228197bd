#!/usr/bin/env node
/**
 * `npx pnpm api`: writes down the public surface of every package (`packages/NAME/NAME.api.md`). With `--check` it
 * writes nothing, and fails where a report is not what the code says. The packages have to be built.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { apiReport } from './api-report.ts';
import { packagesOf } from './workspace.ts';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const root = resolve(import.meta.dirname, '../../..');

for (const pack of packagesOf(root)) {
  const { path, text } = apiReport(pack);
  const before = readReport(path);
  if (before === text) continue;
  if (!values.check) {
    writeFileSync(path, text);
    console.log(`${relative(root, path)} written`);
    continue;
  }
  console.error(`${relative(root, path)} is not what the code says; run npx pnpm api, and read what changed:`);
  for (const line of changedLines(before, text)) console.error(`  ${line}`);
  process.exitCode = 1;
}

function readReport(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Lines that only one of the two has, at most 40. */
function changedLines(before: string, after: string): string[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const [had, has] = [new Set(old), new Set(now)];
  const gone = old.filter((line) => !has.has(line)).map((line) => `- ${line}`);
  const come = now.filter((line) => !had.has(line)).map((line) => `+ ${line}`);
  return [...gone, ...come].slice(0, 40);
}
