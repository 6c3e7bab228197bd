import { readFileSync } from 'node:fs';

/** The most lines that a difference shows. */
const maxLines = 40;

/**
 * Compares a committed report with what it should say.
 *
 * @param path the committed report; a missing one counts as empty
 * @param text what it should say
 * @returns lines that only one of the two has, `- ` before those that are gone and `+ ` before new ones; none if the
 *   texts are equal
 */
export function reportDifference(path: string, text: string): readonly string[] {
  const committed = readReport(path);
  if (committed === text) return [];
  const [before, after] = [committed.split('\n'), text.split('\n')];
  const [had, has] = [new Set(before), new Set(after)];
  const gone = before.filter((line) => !has.has(line)).map((line) => `- ${line}`);
  const come = after.filter((line) => !had.has(line)).map((line) => `+ ${line}`);
  const lines = [...gone, ...come];
  if (lines.length === 0) return ['the order of lines'];
  return lines.length <= maxLines
    ? lines
    : [...lines.slice(0, maxLines), `… and ${lines.length - maxLines} more lines`];
}

function readReport(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
