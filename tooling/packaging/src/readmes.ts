import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the workspace. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The folders of the published packages, by name. */
export const packages: readonly string[] = readdirSync(join(root, 'packages')).filter((name) =>
  existsSync(join(root, 'packages', name, 'package.json')),
);

/** The pages whose programs are checked. */
export const readmes: readonly string[] = [
  'README.md',
  'README.ko.md',
  ...packages.map((name) => `packages/${name}/README.md`),
];

/** A whole program of a page: a ts block with its output in the text block behind it. */
export interface ReadmeProgram {
  /** The page, relative to the workspace. */
  readonly readme: string;
  /** A file name that is unique among all programs, without an extension. */
  readonly name: string;
  readonly code: string;
  readonly output: string;
}

/** The programs of a page, in order. */
export function programsOf(readme: string): ReadmeProgram[] {
  const blocks = readFileSync(join(root, readme), 'utf8').matchAll(
    /^```ts\n([\s\S]*?)^```\n\s*^```text\n([\s\S]*?)^```$/gm,
  );
  const stem = readme.replaceAll('/', '-').replace(/\.md$/u, '').toLowerCase();
  return [...blocks].map(([, code = '', output = ''], k) => ({ readme, name: `${stem}-${k + 1}`, code, output }));
}

/** The commands of a page that install packages from npm, such as `npm install @timestep/core`. */
export function installCommandsOf(readme: string): string[] {
  return [...readFileSync(join(root, readme), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block.split('\n').filter((line) => /^npm (?:init|install|pkg)\b/u.test(line)),
  );
}
