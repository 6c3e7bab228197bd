import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { applyDiff, type Block } from './blocks.ts';

export const root = resolve(import.meta.dirname, '../../..');

/** A copy of the packages and of the tooling that their tests need; the third-party modules are shared. */
export class WorkspaceCopy {
  readonly folder = mkdtempSync(join(tmpdir(), 'timestep-contributing-'));

  constructor() {
    for (const file of ['package.json', 'pnpm-workspace.yaml', 'vitest.config.mjs']) {
      cpSync(join(root, file), join(this.folder, file));
    }
    const tooling = ['eslint', 'tsconfig', 'tsup', 'vitest'].map((name) => join('tooling', name));
    const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name));
    for (const path of [...tooling, ...packages]) {
      if (!existsSync(join(root, path, 'package.json'))) continue;
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      // Links between the packages are relative: in the copy they lead to the copy.
      cpSync(join(root, path), join(this.folder, path), {
        recursive: true,
        verbatimSymlinks: true,
        preserveTimestamps: true,
        filter: (source) => !/[\\/](?:dist|\.turbo)(?:[\\/]|$)/u.test(source.slice(root.length)),
      });
    }
    mkdirSync(join(this.folder, 'apps'));
    symlinkSync(join(root, 'node_modules'), join(this.folder, 'node_modules'));
  }

  /** Does what a block says; its path is relative to `base`. */
  apply(block: Block, base = ''): void {
    const path = join(this.folder, base, block.path);
    writeFileSync(path, block.kind === 'diff' ? applyDiff(readFileSync(path, 'utf8'), block) : block.text);
  }

  /** The output of the compiler about one package; empty where it has nothing to say. */
  typeErrors(name: string): string {
    return this.#run('typescript/bin/tsc', ['--noEmit', '--project', join('packages', name)]).output;
  }

  /** Runs tests of one package. */
  test(name: string, ...more: readonly string[]): { readonly passed: boolean; readonly output: string } {
    const { status, output } = this.#run('vitest/vitest.mjs', ['run', '--project', name, ...more]);
    return { passed: status === 0, output };
  }

  /** Runs a program of the workspace, such as a script of a package. */
  node(folder: string, ...argv: readonly string[]): { readonly status: number | null; readonly output: string } {
    return this.#spawn(argv, join(this.folder, folder));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(bin: string, argv: readonly string[]): { readonly status: number | null; readonly output: string } {
    return this.#spawn([join(root, 'node_modules', bin), ...argv], this.folder);
  }

  #spawn(argv: readonly string[], cwd: string): { readonly status: number | null; readonly output: string } {
    const env = {
      ...process.env,
      NO_COLOR: '1',
      VITEST: undefined,
      VITEST_POOL_ID: undefined,
      NODE_OPTIONS: undefined,
    };
    const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd, encoding: 'utf8', env });
    return { status, output: stdout + stderr };
  }
}
