#!/usr/bin/env node
/**
 * `pnpm test`: builds and type-checks the whole workspace, then checks its public surface, format and lint beside the
 * tests, and ends with the runner's own counts on a line of their own: `N passed, N failed, N skipped`. A step that
 * fails does not stop the others.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const scratch = mkdtempSync(join(tmpdir(), 'timestep-test-'));
const report = join(scratch, 'vitest.json');
const failed = [];

/** Runs one step. A quiet one keeps its output until it ends, so that it does not mix with that of a step beside it. */
async function step(name, command, commandArguments, { quiet = false } = {}) {
  if (!quiet) console.log(`\n— ${name}`);
  const started = performance.now();
  const { status, output } = await new Promise((resolve) => {
    const child = spawn(command, commandArguments, { stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit' });
    const pieces = [];
    child.stdout?.on('data', (piece) => pieces.push(piece));
    child.stderr?.on('data', (piece) => pieces.push(piece));
    child.on('error', (error) => resolve({ status: 1, output: error.message }));
    child.on('close', (code) => resolve({ status: code, output: Buffer.concat(pieces).toString() }));
  });
  if (output !== '') console.log(output);
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

await step('build and type check', 'turbo', ['run', 'build', 'typecheck', '--output-logs=errors-only', '--continue']);
// Side by side: the type-checked lint takes minutes on one core, and so does each half of the tests.
const style = async () => {
  const api = ['--disable-warning=ExperimentalWarning', 'tooling/census/src/api.ts', '--check'];
  await step('public surface', process.execPath, api, { quiet: true });
  await step('format', 'prettier', ['--check', '.', '--log-level', 'warn'], { quiet: true });
  await step('lint', 'eslint', ['.'], { quiet: true });
};
const tests = step('tests', 'vitest', [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]);
await Promise.all([style(), tests]);

const { passed, failed: failures, skipped } = counts();
const others = failed.filter((name) => name !== 'tests');
if (failed.length > 0) console.error(`\nfailed: ${failed.join(', ')}`);
// A build, type check or lint that failed is a failure of the run like any test's.
console.log(`\n${passed} passed, ${failures + others.length} failed, ${skipped} skipped`);
process.exitCode = failed.length > 0 || failures > 0 || passed === 0 ? 1 : 0;
