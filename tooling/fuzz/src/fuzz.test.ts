import { describe, expect, test } from 'vitest';
import { damage } from './damage.ts';
import { formats } from './formats/index.ts';
import type { Format } from './format.ts';
import { runFormat } from './run-format.ts';

/** Formats whose files take several times as long get fewer. */
const fewer: Readonly<Record<string, number>> = { hdf5: 50, keras: 100 };

test.each(Object.entries(formats))('damaged %s files end in a value or a typed error', async (name, module) => {
  const files = fewer[name] ?? 200;
  const report = await runFormat(module, { files, seed: 20_260, seconds: 20 });
  expect(report.findings).toEqual([]);
  expect(report.files).toBe(files);
  // Files that all fail at the first check, or none, would prove little.
  expect(report.typed).toBeGreaterThan(files / 10);
  expect(report.valid).toBeGreaterThan(files / 100);
});

describe('the driver', () => {
  test('finds untyped errors, hangs, crashes and greed, and goes on behind them', async () => {
    const { findings, files } = await runFormat(new URL('./testing/broken.ts', import.meta.url), {
      files: 20,
      seed: 1,
      seconds: 4,
    });
    expect(files).toBe(20);
    const { format } = (await import('./testing/broken.ts')) as { format: Format };
    const seeds = await format.seeds();
    const faults = ['', 'untyped', 'memory', 'memory', 'hang', 'crash'];
    const expected = Array.from({ length: 20 }, (_, index) => faults[damage(format, seeds, 1, index)[0]!] ?? '');
    const found = Array.from({ length: 20 }, () => '');
    for (const { index, what } of findings) found[index] = what;
    expect(found).toEqual(expected);
    for (const fault of faults) expect(expected).toContain(fault);
  });

  test('makes the same file of one seed and index, and others of others', async () => {
    const { format } = (await import(formats['wav']!.href)) as { format: Format };
    const seeds = await format.seeds();
    expect(damage(format, seeds, 3, 17)).toEqual(damage(format, await format.seeds(), 3, 17));
    const files = new Set(Array.from({ length: 200 }, (_, index) => damage(format, seeds, 3, index).join()));
    expect(files.size).toBeGreaterThan(150);
  });
});
