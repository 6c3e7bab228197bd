import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@timestep/app-shared';
import { parseJsonLines } from './json-lines.ts';
import type { Sample } from './sample.ts';
import { parseUnipen } from './unipen.ts';

export const subsets = ['train', 'test', 'all'] as const;
export type Subset = (typeof subsets)[number];

/**
 * Reads the UNIPEN files (`*.tra`, `*.tes`) and `*.jsonl` files of a folder.
 *
 * @param subset `test` is the last fifth of the writers in the order of their names, `train` the others
 * @throws UsageError that names the folder, or the file and the line at fault
 */
export async function readSamples(folder: string, subset: Subset): Promise<Sample[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new UsageError(
      `[data] cannot read the folder ${folder} (${(error as NodeJS.ErrnoException).code ?? String(error)}); pass --data a folder with UNIPEN files (*.tra, *.tes) or *.jsonl`,
      { cause: error },
    );
  });
  const files = names.filter((name) => /\.(?:tra|tes|jsonl)$/u.test(name)).sort();
  if (files.length === 0)
    throw new UsageError(
      `[data] ${folder} holds no UNIPEN files (*.tra, *.tes) and no *.jsonl; pass --data the folder that does`,
    );
  const samples: Sample[] = [];
  for (const name of files) {
    const file = join(folder, name);
    if (!(await stat(file)).isFile()) continue;
    const text = await readFile(file, 'utf8');
    samples.push(...(name.endsWith('.jsonl') ? parseJsonLines(text, file) : parseUnipen(text, file)));
  }
  const writers = [...new Set(samples.map(({ writer }) => writer))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
  const heldOut = new Set(writers.slice(writers.length - Math.ceil(writers.length / 5)));
  if (subset === 'all') return samples;
  const chosen = samples.filter(({ writer }) => heldOut.has(writer) === (subset === 'test'));
  if (chosen.length === 0)
    throw new UsageError(
      `[data] ${folder} holds samples of ${writers.length} writer only, none of them for the subset "${subset}"; use --subset all`,
    );
  return chosen;
}
