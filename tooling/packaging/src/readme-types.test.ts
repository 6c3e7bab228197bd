import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
// Below this package, so that Node's own types are found.
const folder = mkdtempSync(fileURLToPath(new URL('../.readme-', import.meta.url)));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const packages = readdirSync(join(root, 'packages')).filter((name) =>
  existsSync(join(root, 'packages', name, 'package.json')),
);
const readmes = ['README.md', 'README.ko.md', ...packages.map((name) => `packages/${name}/README.md`)];

/** The sources behind every import that a package offers: a README is read before anything is built. */
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

/** What the compiler finds wrong, by README. */
const findings = new Map<string, string[]>();

beforeAll(async () => {
  const files = new Map<string, string>();
  for (const readme of readmes) {
    // Those with an output behind them are whole programs.
    const examples = [...readFileSync(join(root, readme), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```\n\s*^```text$/gm)];
    findings.set(readme, examples.length === 0 ? ['no example'] : []);
    examples.forEach(([, code], k) => {
      const name = `${readme.replaceAll('/', '-')}-${k + 1}.ts`;
      writeFileSync(join(folder, name), `${code}\nexport {};\n`);
      files.set(name, readme);
    });
  }
  const compilerOptions = {
    target: 'es2023',
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['es2023', 'esnext.disposable', 'dom', 'dom.iterable'],
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    customConditions: ['@timestep/source'],
    paths: sources(),
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [...files.keys()] }));
  const compiler = fileURLToPath(import.meta.resolve('typescript/lib/tsc.js'));
  const { stdout } = await promisify(execFile)(process.execPath, [compiler, '--project', folder, '--pretty', 'false'], {
    cwd: folder,
    maxBuffer: 2 ** 26,
  }).catch((error: { stdout: string }) => error);
  if (/^error TS/m.test(stdout)) throw new Error(stdout);
  for (const line of stdout.split('\n')) findings.get(files.get(line.slice(0, line.indexOf('('))) ?? '')?.push(line);
});

it.each(readmes)('the examples of %s compile under --strict', (readme) => {
  expect(findings.get(readme)).toEqual([]);
});
