import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const packagesFolder = fileURLToPath(new URL('../../../packages/', import.meta.url));

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly sideEffects?: boolean;
  readonly keywords?: readonly string[];
  readonly files?: readonly string[];
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export function publishedPackages(): string[] {
  return readdirSync(packagesFolder).filter((name) => existsSync(join(packagesFolder, name, 'package.json')));
}

export function manifestOf(name: string): Manifest {
  return JSON.parse(readFileSync(join(packagesFolder, name, 'package.json'), 'utf8')) as Manifest;
}

/** Packs a package as it would be published and gives the tarball's path. */
export async function pack(name: string, folder: string): Promise<string> {
  const directory = join(packagesFolder, name);
  if (!existsSync(join(directory, 'dist'))) throw new Error(`packages/${name} has no dist: run 'npx pnpm build' first`);
  const tarball = join(folder, `${name}.tgz`);
  await run('pnpm', ['pack', '--out', tarball], { cwd: directory });
  return tarball;
}
