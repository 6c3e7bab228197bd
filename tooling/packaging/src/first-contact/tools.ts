import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './report.ts';

/** Versions of TypeScript, oldest first; the newest one makes the tsconfig.json. */
export const typescriptVersions: readonly string[] = ['5.7', '5.9', '6.0', '7.0'];
/** Versions of Node, oldest first; the newest one runs TypeScript as it is, the others run what it was compiled to. */
export const nodeVersions: readonly string[] = ['20', '22', '24'];
/** Runtimes that run TypeScript as it is. */
export const otherRuntimes: readonly { readonly name: string; readonly parameters: readonly string[] }[] = [
  { name: 'bun', parameters: ['run'] },
  { name: 'deno', parameters: ['run', '--allow-all', '--no-check', '--unstable-detect-cjs'] },
];

/** Installs a tool from npm, once, and returns its binary. */
export async function toolOf(folder: string, name: string, version: string): Promise<string> {
  const project = join(folder, 'tools', `${name}-${version}`);
  const binary = join(project, 'node_modules', '.bin', name === 'typescript' ? 'tsc' : name);
  if (existsSync(binary)) return binary;
  mkdirSync(project, { recursive: true });
  const failed =
    (await command(project, ['npm', 'init', '-y'])) ??
    (await command(project, ['npm', 'install', '--no-audit', '--no-fund', `${name}@${version}`]));
  if (failed !== null) throw new Error(failed);
  return binary;
}
