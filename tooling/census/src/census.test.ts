import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { apiReport } from './api-report.ts';
import { circlesOf } from './circles.ts';
import { longLinesOf } from './lines.ts';
import { proseOf } from './prose.ts';
import { reportDifference } from './report-difference.ts';
import { clashesOf, surfaceOf, type PublicName } from './surface.ts';
import { packagesOf, programOf } from './workspace.ts';

const root = mkdtempSync(join(tmpdir(), 'timestep-census-'));

const exportsOf = (file: string): object => ({
  '.': { '@timestep/source': `./src/${file}.ts`, types: `./dist/${file}.d.ts` },
  './package.json': './package.json',
});

const files: Readonly<Record<string, string>> = {
  'packages/a/package.json': JSON.stringify({ name: '@timestep/a', exports: exportsOf('index') }),
  'packages/a/src/index.ts': `export * from './one.ts';\nexport { two } from './two.ts';\n`,
  'packages/a/src/one.ts': `import type { Two } from './two.ts';
/**
 * What it does.
 *
 * \`\`\`ts
 * one();
 * \`\`\`
 */
export function one(): Two { throw new Error(); }
export interface One { readonly one: number }
export class Shared {
  /** @throws Error always */
  go(): void { throw new Error(); } #hidden = 1; private own = 2; }
`,
  'packages/a/src/two.ts': `import type { One } from './one.ts';\nexport type Two = One;\n/** Two. @example two() */\nexport const two = (): number => ${' '.repeat(120)}2;\n`,
  'packages/a/dist/index.d.ts': `declare class B { #private; private own; at(x: number): void; }\n/** Text. */\ndeclare function a(): B;\nexport { B, a };\n`,
  'packages/b/package.json': JSON.stringify({ name: '@timestep/b', exports: exportsOf('index') }),
  'packages/b/src/index.ts': `export class Shared { readonly kind = this.constructor.name; }\n`,
  'README.md': `It stands in a folder of one's own, and is no app.\n`,
};

let names: PublicName[];
beforeAll(() => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  execFileSync('git', ['init', '--quiet'], { cwd: root });
  execFileSync('git', ['add', '.'], { cwd: root });
  const packages = packagesOf(root);
  names = surfaceOf(root, packages, programOf(packages));
});
afterAll(() => rmSync(root, { recursive: true }));

it('finds a circle of types alone', () => {
  expect(circlesOf(root)).toEqual([['packages/a/src/one.ts', 'packages/a/src/two.ts']]);
});

it('tells what each public name lacks', () => {
  const lacking = (key: 'lacksExample' | 'lacksThrows' | 'lacksSummary' | 'throughStar'): string[] =>
    names.filter((name) => name[key]).map(({ name, specifier }) => `${specifier} ${name}`);
  expect(lacking('lacksExample')).toEqual(['@timestep/a Shared', '@timestep/b Shared']);
  expect(lacking('lacksThrows')).toEqual(['@timestep/a one']);
  expect(lacking('lacksSummary')).toEqual(['@timestep/a One', '@timestep/a Shared', '@timestep/b Shared']);
  expect(lacking('throughStar')).toEqual(['@timestep/a one', '@timestep/a One', '@timestep/a Shared']);
});

it('names what two packages export for different things', () => {
  expect([...clashesOf(names).keys()]).toEqual(['Shared']);
});

it('counts lines and words', () => {
  expect(longLinesOf(root)).toMatchObject({ lines: 1, files: [], constructorNames: 1 });
  expect(proseOf(root)).toMatchObject({ stands: 1, 'of one’s own': 1, 'is no X': 1, 'summary opening with "What"': 1 });
});

it('writes the surface down without comments and private members', () => {
  const { path, text } = apiReport(packagesOf(root)[0]!);
  expect(path).toBe(join(root, 'packages/a/a.api.md'));
  expect(text).toContain('class B {\n    at(x: number): void;\n}\n\nfunction a(): B;\n');
});

it('says how a report differs from the code', () => {
  const { path, text } = apiReport(packagesOf(root)[0]!);
  expect(reportDifference(path, text)).toContain('+ function a(): B;');
  writeFileSync(path, text);
  expect(reportDifference(path, text)).toEqual([]);
  expect(reportDifference(path, text.replace('at(x: number)', 'at(y: number)'))).toEqual([
    '-     at(x: number): void;',
    '+     at(y: number): void;',
  ]);
});
