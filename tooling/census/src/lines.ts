import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isCode, trackedFiles } from './workspace.ts';

/** Lines and files that are longer than the house allows. */
export interface LongLines {
  /** Lines of code with more than 120 characters. */
  readonly lines: number;
  readonly longest: number;
  /** Files of more than 300 lines, with their length. */
  readonly files: readonly (readonly [path: string, lines: number])[];
  /** Mentions of `constructor.name`, which a minifier changes. */
  readonly constructorNames: number;
}

export function longLinesOf(root: string): LongLines {
  let [lines, longest, constructorNames] = [0, 0, 0];
  const files: (readonly [string, number])[] = [];
  for (const path of trackedFiles(root, isCode)) {
    const text = readFileSync(join(root, path), 'utf8').split('\n');
    if (text.length - 1 > 300) files.push([path, text.length - 1]);
    if (!/\.test\.ts$|^tooling\//.test(path)) {
      constructorNames += text.filter((line) => line.includes('constructor.name')).length;
    }
    for (const { length } of text) {
      if (length > 120) lines++;
      longest = Math.max(longest, length);
    }
  }
  return { lines, longest, files: files.sort((a, b) => b[1] - a[1]), constructorNames };
}
