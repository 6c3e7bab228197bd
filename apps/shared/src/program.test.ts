import { ArgumentError } from '@timestep/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { UsageError } from './errors.ts';
import { backendOption, createProgram, runProgram, wholeNumber } from './program.ts';

let written = '';
beforeEach(() => {
  written = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((written += String(text)), true));
  vi.spyOn(console, 'error').mockImplementation(
    (text: unknown) => void (written += text instanceof Error ? `${text.stack}\n` : `${String(text)}\n`),
  );
});
afterEach(() => vi.restoreAllMocks());

function program(action: (options: { steps?: number; backend: string }) => void = () => undefined) {
  const root = createProgram('demo', 'a demonstration');
  root.command('train').option('--steps <count>', 'how many', wholeNumber(1)).addOption(backendOption()).action(action);
  return root;
}

test('flags are read', async () => {
  const seen: unknown[] = [];
  expect(
    await runProgram(
      program((options) => seen.push(options)),
      ['train', '--steps', '12', '--backend', 'cpu'],
    ),
  ).toBe(0);
  expect(
    await runProgram(
      program((options) => seen.push(options)),
      ['train'],
    ),
  ).toBe(0);
  expect(seen).toEqual([{ steps: 12, backend: 'cpu' }, { backend: 'auto' }]);
});

test.each([
  [['train', '--stepz', '3'], /unknown option '--stepz'/u],
  [['tran'], /unknown command 'tran'/u],
  [['train', 'extra'], /too many arguments/u],
  [['train', '--steps', '1.5'], /whole number of at least 1/u],
  [['train', '--steps', '0'], /whole number of at least 1/u],
  [['train', '--steps', '-3'], /steps/u],
  [['train', '--backend', 'abacus'], /Allowed choices are auto, webgpu, native, cpu/u],
])('%j is refused and the help named', async (argv, message) => {
  expect(await runProgram(program(), argv)).toBe(1);
  expect(written).toMatch(message);
  expect(written).toContain('--help');
});

test('a known error shows its message, another one its stack, an abort nothing', async () => {
  const failing = (error: Error) =>
    runProgram(
      program(() => {
        throw error;
      }),
      ['train'],
    );
  expect(await failing(new UsageError('no such folder'))).toBe(1);
  expect(await failing(new ArgumentError('expected more'))).toBe(1);
  expect(await failing(Object.assign(new Error('no space left'), { code: 'ENOSPC' }))).toBe(1);
  expect(written.split('\n').filter(Boolean)).toEqual([
    'error: no such folder',
    'error: expected more',
    'error: no space left',
  ]);
  written = '';
  expect(await failing(new TypeError('a bug'))).toBe(1);
  expect(written).toMatch(/TypeError: a bug\n\s+at /u);
  written = '';
  expect(await failing(new DOMException('stopped', 'AbortError'))).toBe(130);
  expect(written).toBe('');
});
