import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { recurrentFlops } from './case.ts';
import { readCommandLine, UsageError } from './command-line.ts';
import { difference } from './compare.ts';
import { reasonOf } from './contestant.ts';
import { groups } from './groups/index.ts';
import { barChart } from './page/bars.ts';
import { ratiosOf } from './page/write-page.ts';
import { median, spread } from './statistics.ts';
import { formatTable } from './table.ts';
import { digest, fillValues, value } from './values.ts';

describe('the benchmark', () => {
  it('tells a wrong result from rounding', () => {
    const a = fillValues(new Float32Array(1000), 1, 2);
    const rounded = a.map((x) => x * (1 + 1e-6));
    const wrong = a.map((x, i) => (i % 100 === 0 ? 0 : x));
    expect(difference({ y: digest(a) }, { y: digest(rounded) })).toBeNull();
    expect(difference({ y: digest(a) }, { y: digest(wrong) })).toMatch(/'y' differs/);
    expect(difference({ y: digest(a), dx: digest(a) }, { y: digest(a) })).toMatch(/'dx' is missing/);
    expect(difference({ y: { projection: NaN, norm: 1 } }, { y: { projection: 0, norm: 1 } })).toMatch(/differs/);
  });

  it('counts the products of an LSTM as its paper does', () => {
    // Zaremba's small model: 2·(4·H)·(D + H) a step and sequence.
    const sizes = {
      cell: 'lstm',
      inputSize: 3,
      hiddenSize: 5,
      batch: 2,
      steps: 7,
      layers: 1,
      bidirectional: false,
      lengths: null,
      training: false,
    } as const;
    expect(recurrentFlops(sizes)).toBe(2 * 2 * 7 * 20 * 8);
    expect(recurrentFlops({ ...sizes, training: true, lengths: [7, 3] })).toBe(3 * 2 * 10 * 20 * 8);
  });

  it('has a case of its own name in every row', () => {
    for (const make of Object.values(groups)) {
      const names = make().cases.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('puts medians and ratios into a table', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(spread([10, 10, 10, 10])).toBe(0);
    const cell = (contestant: string, milliseconds: number | null, note: string | null = null) => ({
      contestant,
      milliseconds,
      spread: 0.01,
      gigaflops: 5,
      megabytes: 1,
      note,
    });
    const work = { kind: 'matmul', name: 'one', m: 1, n: 1, k: 1, flops: 2 } as const;
    const table = formatTable(
      [{ case: work, cells: [cell('torch', 10), cell('cpu', 20), cell('webgpu', null, 'no adapter')] }],
      'torch',
    );
    expect(table).toContain('0.50');
    expect(table).toContain('webgpu, one: no adapter');
  });

  it('draws a bar for each time that there is', () => {
    const work = { kind: 'matmul', name: 'one', m: 1, n: 1, k: 1, flops: 2 } as const;
    const cell = (contestant: string, milliseconds: number | null) => ({
      contestant,
      milliseconds,
      spread: 0,
      gigaflops: null,
      megabytes: null,
      note: null,
    });
    const ratios = ratiosOf(
      [{ case: work, cells: [cell('torch', 10), cell('cpu', 4), cell('webgpu', null)] }],
      'torch',
    );
    expect(ratios).toEqual({
      categories: ['one'],
      series: [
        { name: 'cpu', values: [2.5] },
        { name: 'webgpu', values: [null] },
      ],
    });
    const svg = barChart('a title', ratios.categories, ratios.series);
    expect(svg).toContain('a title');
    expect(svg).toContain('2.50');
  });

  it('hands `tasks` to the figures of the learning tooling', () => {
    const run = (...words: string[]) =>
      spawnSync(
        process.execPath,
        [
          '--conditions=@timestep/source',
          '--disable-warning=ExperimentalWarning',
          fileURLToPath(new URL('cli.ts', import.meta.url)),
          ...words,
        ],
        { encoding: 'utf8' },
      );
    expect(run('--help').stderr).toContain('pnpm bench tasks [figure …]');
    const unknown = run('tasks', 'valley', 'no-such');
    expect(unknown.stderr).toMatch(/there is no figure 'no-such'; the figures are .*recomputation/u);
    expect(unknown).toMatchObject({ status: 2, stdout: '' });
    const valley = run('tasks', 'valley', '--threads', '1');
    expect(valley).toMatchObject({ status: 0, stderr: '' });
    expect(valley.stdout).toMatch(/CMA-ES: \d+, .* evaluations/u);
  });

  it('refuses a command that would measure nothing', () => {
    const read = (...words: string[]) => readCommandLine(words, ['rnn', 'step']);
    expect(read('rnn', '--rounds', '3', '--threads', '1')).toMatchObject({
      positionals: ['rnn'],
      rounds: 3,
      threads: 1,
      against: ['torch'],
    });
    for (const rounds of ['0', '1.5', 'x', ''])
      expect(() => read('--rounds', rounds)).toThrow(
        new UsageError(`expected --rounds to be a whole number of at least 1, got '${rounds}'`),
      );
    expect(() => read('--threads', '0')).toThrow(/expected --threads/u);
    expect(() => read('rnm')).toThrow(new UsageError('unknown group: rnm'));
    expect(() => read('--against', 'pytorch')).toThrow(new UsageError('unknown contestant: pytorch'));
    for (const words of [['--wat'], ['--page'], ['--rounds', '-1']]) expect(() => read(...words)).toThrow(UsageError);
  });

  it('names the rows and contestants that there are', () => {
    const run = (...words: string[]) =>
      spawnSync(
        process.execPath,
        [
          '--conditions=@timestep/source',
          '--disable-warning=ExperimentalWarning',
          fileURLToPath(new URL('cli.ts', import.meta.url)),
          ...words,
        ],
        { encoding: 'utf8' },
      );
    expect(run('rnn', '--only', 'nothing')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/no row of rnn contains 'nothing'; the rows are named 'lstm/u) as unknown,
    });
    expect(run('rnn', '--ours', 'nobody')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/none of ours begins with 'nobody'; they are cpu 1/u) as unknown,
    });
  });

  it('finds the reason in what a contestant wrote as it ended', () => {
    expect(
      reasonOf(
        "file.ts:3\n  throw new DeviceError(\n  ^\n\nDeviceError: [native] found no library\n    at main (file.ts:3:1) {\n  code: 'NO_DEVICE'\n}\n\nNode.js v24.21.0\n",
      ),
    ).toBe('DeviceError: [native] found no library');
    expect(
      reasonOf(
        'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nModuleNotFoundError: No module named \'torch\'\n',
      ),
    ).toBe("ModuleNotFoundError: No module named 'torch'");
    expect(reasonOf('')).toBe('it ended without a word');
  });

  it('draws values that look uniform', () => {
    const list = Array.from({ length: 10_000 }, (_, i) => value(i, 3));
    const mean = list.reduce((a, b) => a + b) / list.length;
    expect(Math.abs(mean)).toBeLessThan((5 * Math.sqrt(1 / 12)) / 100);
    expect(Math.min(...list)).toBeLessThan(-0.499);
  });
});
