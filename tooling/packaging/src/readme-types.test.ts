import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installCommandsOf, packages, programsOf, readmes, root } from './readmes.ts';

const run = promisify(execFile);
const programs = readmes.flatMap(programsOf);

/** The sources behind every import that a package offers: a README is checked before anything is built. */
function sources(): Record<string, readonly string[]> {
  const entries = packages.flatMap((name) => {
    const { exports } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as {
      exports: Record<string, string | Record<string, string>>;
    };
    return Object.entries(exports).flatMap(([path, conditions]) => {
      const source = typeof conditions === 'string' ? undefined : conditions['@timestep/source'];
      return source ? [[`@timestep/${name}${path.slice(1)}`, [join(root, 'packages', name, source)]] as const] : [];
    });
  });
  return Object.fromEntries(entries);
}

/** The options that `tsc --init` of TypeScript 5.9 to 7 writes, and what the sources need beyond them. */
const compilerOptions = {
  target: 'esnext',
  types: [],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  noUncheckedSideEffectImports: true,
  moduleDetection: 'force',
  skipLibCheck: true,
  noEmit: true,
  module: 'esnext',
  moduleResolution: 'bundler',
  allowImportingTsExtensions: true,
  customConditions: ['@timestep/source'],
  paths: sources(),
};

/** Lines of a tool's output, by program. */
const byProgram = (output: string, name: string): string[] =>
  output.split('\n').filter((line) => line.includes(`/${name}.ts`));

describe('the programs of the READMEs', () => {
  // Beside other apps, so that the workspace's own rules apply.
  const folder = mkdtempSync(join(root, 'apps', '.readme-'));
  let [types, lint, format] = ['', '', ''];
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeAll(async () => {
    for (const { name, code } of programs) writeFileSync(join(folder, `${name}.ts`), code);
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    const tool = (name: string, ...parameters: string[]): Promise<string> => {
      const require = createRequire(join(root, 'package.json'));
      const manifest = require.resolve(`${name}/package.json`);
      const { bin } = require(manifest) as { bin: string | Record<string, string> };
      const file = join(
        dirname(manifest),
        typeof bin === 'string' ? bin : (bin[name === 'typescript' ? 'tsc' : name] ?? ''),
      );
      return run(process.execPath, [file, ...parameters], { cwd: root, maxBuffer: 2 ** 26 }).then(
        ({ stdout }) => stdout,
        (error: unknown) => {
          const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
          // ESLint and Prettier end with 1 for findings, and with 2 if they could not work.
          if (code !== 1 && name !== 'typescript') throw new Error(`${name} ended with ${code}\n${stdout}\n${stderr}`);
          return `${stdout}\n${stderr}`;
        },
      );
    };
    [types, lint, format] = await Promise.all([
      tool('typescript', '--project', folder, '--pretty', 'false'),
      tool('eslint', '--no-ignore', '--format', fileURLToPath(new URL('eslint-lines.mjs', import.meta.url)), folder),
      tool('prettier', '--check', '--ignore-path', join(folder, 'none'), `${folder}/*.ts`),
    ]);
    if (/^error TS/m.test(types)) throw new Error(types);
  });

  it.each(readmes)('%s has a program', (readme) => {
    expect(programsOf(readme)).not.toEqual([]);
  });

  it.each(readmes)('%s installs what its programs import, as ES modules', (readme) => {
    const commands = installCommandsOf(readme).join(' ');
    const imported = programsOf(readme).flatMap(({ code }) =>
      [...code.matchAll(/from '((?:@[^/']+\/)?[^/':.]+)(?=['/])/gu)].map(([, name]) => name!),
    );
    expect(imported.filter((name) => !commands.split(/\s+/u).includes(name))).toEqual([]);
    expect(commands).toContain('npm pkg set type=module');
  });

  it.each(programs)('$name compiles with the options of tsc --init', ({ name }) => {
    expect(byProgram(types, name)).toEqual([]);
  });

  it.each(programs)('$name passes lint and format of the workspace', ({ name }) => {
    expect([...byProgram(lint, name), ...byProgram(format, name)]).toEqual([]);
  });
});
