#!/usr/bin/env node
/**
 * `npx pnpm api` writes the public surface of every package to `packages/NAME/NAME.api.md`. With `--check`, it writes
 * nothing and fails if a committed report differs from the built packages.
 */
import { writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { apiReport } from './api-report.ts';
import { reportDifference } from './report-difference.ts';
import { packagesOf } from './workspace.ts';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const root = resolve(import.meta.dirname, '../../..');

for (const pack of packagesOf(root)) {
  const { path, text } = apiReport(pack);
  const difference = reportDifference(path, text);
  if (difference.length === 0) continue;
  if (values.check) {
    console.error(
      `${relative(root, path)} is out of date. Run npx pnpm api, check the changes of the public surface, and commit the report:`,
    );
    for (const line of difference) console.error(`  ${line}`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, text);
    console.log(`${relative(root, path)} written`);
  }
}
