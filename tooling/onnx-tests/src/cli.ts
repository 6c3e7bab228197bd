// npx pnpm onnx-tests [--verbose] [NAME …]: the official ONNX operator tests through importOnnx, as a table by
// operator. npx pnpm onnx-tests exports [FOLDER]: PyTorch's exports of recurrent models, or those that exports.py wrote
// to FOLDER.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCpuBackend } from '@timestep/backend-cpu';
import type { Backend } from '@timestep/core';
import { runExports } from './exports.ts';
import { judge, type Case, type Outcome } from './judge.ts';

const outcomes: readonly Outcome[] = ['passed', 'refused', 'wrong', 'crash'];
const words = process.argv.slice(2);
const verbose = words.includes('--verbose');
const names = words.filter((word) => !word.startsWith('--'));

/** The tests, as python3 has them; null where it or its package is missing. */
function readTests(): Case[] | null {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-tests-'));
  const file = join(folder, 'tests.jsonl');
  try {
    execFileSync('python3', [fileURLToPath(new URL('official.py', import.meta.url)), file], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Case);
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    console.log(
      String(stderr ?? error)
        .trim()
        .split('\n')
        .at(-1),
    );
    return null;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Judges every test and prints the table. */
async function runOfficial(tests: readonly Case[], backend: Backend): Promise<void> {
  const table = new Map<string, Record<Outcome, number>>();
  const total: Record<Outcome, number> = { passed: 0, refused: 0, wrong: 0, crash: 0 };
  for (const test of tests) {
    if (names.length > 0 && !names.some((name) => test.name.includes(name) || test.operator === name)) continue;
    const { outcome, why } = await judge(test, backend);
    const row = table.get(test.operator) ?? { passed: 0, refused: 0, wrong: 0, crash: 0 };
    table.set(test.operator, row);
    row[outcome]++;
    total[outcome]++;
    if (outcome === 'wrong' || outcome === 'crash' || (verbose && outcome === 'refused'))
      console.log(`${outcome} ${test.name}: ${why}`);
  }
  const line = (name: string, row: Record<Outcome, number>) =>
    `| ${name.padEnd(28)} | ${outcomes.map((outcome) => String(row[outcome] || '').padStart(7)).join(' | ')} |`;
  console.log(`\n| ${'operator'.padEnd(28)} | ${outcomes.map((outcome) => outcome.padStart(7)).join(' | ')} |`);
  console.log(`| ${'-'.repeat(28)} | ${outcomes.map(() => '------:').join(' | ')} |`);
  for (const [name, row] of [...table].sort(([a], [b]) => a.localeCompare(b))) console.log(line(name, row));
  console.log(line('all', total));
  if (total.wrong + total.crash > 0) process.exitCode = 1;
}

const backend = await createCpuBackend();
if (names[0] === 'exports') {
  const counts = await runExports(backend, names[1]);
  if (counts && counts[0] < counts[1]) process.exitCode = 1;
} else {
  const tests = readTests();
  if (tests) await runOfficial(tests, backend);
  else
    console.log(
      'The official tests come with the Python package onnx: install Python 3, then `pip install onnx`, and run this again.',
    );
}
await backend.dispose();
