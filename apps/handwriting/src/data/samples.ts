import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@timestep/app-shared';
import { parseJsonLines } from './json-lines.ts';
import type { Sample } from './sample.ts';
import { parseUnipen } from './unipen.ts';

/** The characters of one file. */
export interface SampleFile {
  readonly name: string;
  readonly samples: readonly Sample[];
}

/**
 * Reads the UNIPEN files (`*.tra`, `*.tes`) and `*.jsonl` files of a folder.
 *
 * @throws UsageError that names the folder, or the file and the line at fault
 */
export async function readFiles(folder: string): Promise<SampleFile[]> {
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
  const read: SampleFile[] = [];
  for (const name of files) {
    const file = join(folder, name);
    if (!(await stat(file)).isFile()) continue;
    const text = await readFile(file, 'utf8');
    read.push({ name, samples: name.endsWith('.jsonl') ? parseJsonLines(text, file) : parseUnipen(text, file) });
  }
  return read;
}

/** The samples of the last fifth of the writers, in the order of their names, and those of the others. */
export function splitWriters(samples: readonly Sample[]): { readonly train: Sample[]; readonly test: Sample[] } {
  const writers = writersOf(samples).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const heldOut = new Set(writers.slice(writers.length - Math.ceil(writers.length / 5)));
  return {
    train: samples.filter(({ writer }) => !heldOut.has(writer)),
    test: samples.filter(({ writer }) => heldOut.has(writer)),
  };
}

export function writersOf(samples: readonly Sample[]): string[] {
  return [...new Set(samples.map(({ writer }) => writer))];
}
