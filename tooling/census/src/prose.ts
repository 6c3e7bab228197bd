import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isCode, trackedFiles } from './workspace.ts';

/** Turns of phrase that make a reader stumble, with how they are found. */
export const habits: Readonly<Record<string, RegExp>> = {
  'summary opening with "What"': /^\s*\/\*\*\s+What\b|^\s*\/\*\*\s*\n\s*\*\s+What\b/gm,
  stands: /\bstands\b/g,
  'of one’s own': /\bof one['’]s own\b/g,
  'is no X': /\bis no (?!t\b)[a-z]+/g,
  'so many': /\bso many\b/g,
  'and their kin': /\band (?:their|its) kin\b/g,
  whoever: /\bwhoever\b/gi,
};

/** How often each habit occurs in code and pages of `root`. */
export function proseOf(root: string): Record<string, number> {
  const paths = trackedFiles(
    root,
    (path) => (isCode(path) || path.endsWith('.md')) && !path.startsWith('tooling/census/'),
  );
  const texts = paths.map((path) => readFileSync(join(root, path), 'utf8'));
  return Object.fromEntries(
    Object.entries(habits).map(([name, pattern]) => [
      name,
      texts.reduce((count, text) => count + (text.match(pattern)?.length ?? 0), 0),
    ]),
  );
}
