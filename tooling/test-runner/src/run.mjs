#!/usr/bin/env node
/**
 * `pnpm test`: builds, type-checks, lints and tests the whole workspace, in that order, and ends with the runner's own
 * counts on a line of their own: `N passed, N failed, N skipped`. A step that fails does not stop the later ones.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const scratch = mkdtempSync(join(tmpdir(), 'timestep-test-'));
const report = join(scratch, 'vitest.json');

const steps = [
  ['build and type check', 'turbo', ['run', 'build', 'typecheck', '--output-logs=errors-only', '--continue']],
  ['format', 'prettier', ['--check', '.', '--log-level', 'warn', '--cache']],
  ['lint', 'eslint', ['.']],
  [
    'tests',
    'vitest',
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)],
  ],
];

const failed = [];
for (const [name, command, commandArguments] of steps) {
  console.log(`\n— ${name}`);
  const started = performance.now();
  const { status, error } = spawnSync(command, commandArguments, { stdio: 'inherit' });
  if (error) console.error(error.message);
  if (status !== 0) failed.push(name);
  console.log(`— ${name}: ${status === 0 ? 'ok' : 'FAILED'} (${((performance.now() - started) / 1000).toFixed(0)} s)`);
}

/** The counts of vitest's own report; a suite that could not even be loaded counts as one failure. */
function counts() {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    const broken = testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
    ).length;
    return { passed: numPassedTests, failed: numFailedTests + broken, skipped: numPendingTests + numTodoTests };
  } catch (error) {
    console.error(`no report from the test runner: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const { passed, failed: failures, skipped } = counts();
const others = failed.filter((name) => name !== 'tests');
if (failed.length > 0) console.error(`\nfailed: ${failed.join(', ')}`);
// A build, type check or lint that failed is a failure of the run like any test's.
console.log(`\n${passed} passed, ${failures + others.length} failed, ${skipped} skipped`);
process.exitCode = failed.length > 0 || failures > 0 || passed === 0 ? 1 : 0;
