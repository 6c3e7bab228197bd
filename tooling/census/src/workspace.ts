import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** One entry point of a published package. */
export interface EntryPoint {
  /** Such as `@timestep/interop/node`. */
  readonly specifier: string;
  /** The source file that it is made from. */
  readonly file: string;
  /** The built declarations. */
  readonly declarations: string;
}

export interface Package {
  readonly name: string;
  readonly folder: string;
  readonly entryPoints: readonly EntryPoint[];
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<
    Record<string, string | { readonly '@timestep/source'?: string; readonly types?: string }>
  >;
}

/** The published packages of the workspace at `root`, in the order of their names. */
export function packagesOf(root: string): Package[] {
  return readdirSync(join(root, 'packages'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(root, 'packages', name))
    .map((folder) => {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
      const entryPoints = Object.entries(manifest.exports).flatMap(([path, target]) => {
        if (typeof target === 'string' || !target['@timestep/source']) return [];
        return [
          {
            specifier: join(manifest.name, path),
            file: join(folder, target['@timestep/source']),
            declarations: join(folder, target.types ?? ''),
          },
        ];
      });
      return { name: manifest.name, folder, entryPoints };
    });
}

/** The files that git tracks at `root` and whose path fits. */
export function trackedFiles(root: string, fits: (path: string) => boolean): string[] {
  return execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 })
    .split('\n')
    .filter((path) => path !== '' && fits(path));
}

/** True for code that people write and read: neither generated nor data. */
export function isCode(path: string): boolean {
  return /\.(?:ts|mts|mjs|js)$/.test(path) && !/\.generated\.|\.d\.ts$|\/fixtures\//.test(path);
}

/** One TypeScript program over the sources of these packages. */
export function programOf(packages: readonly Package[]): ts.Program {
  return ts.createProgram({
    rootNames: packages.flatMap(({ entryPoints }) => entryPoints.map(({ file }) => file)),
    options: {
      target: ts.ScriptTarget.ES2023,
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      customConditions: ['@timestep/source'],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: true,
      noEmit: true,
      allowImportingTsExtensions: true,
    },
  });
}
