import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { manifestOf } from '../pack.ts';
import { command } from './report.ts';

/**
 * Makes a project by the commands of a page. Packages of this workspace come from tarballs, with those that they depend
 * on; all others come from npm.
 *
 * @returns null, or what a command that failed printed
 */
export async function newProject(
  folder: string,
  commands: readonly string[],
  tarballs: ReadonlyMap<string, string>,
): Promise<string | null> {
  if (existsSync(join(folder, 'node_modules'))) return null;
  mkdirSync(folder, { recursive: true });
  for (const line of commands) {
    const failed = await command(folder, ['sh', '-c', withTarballs(line.replace(/#.*$/u, '').trim(), tarballs)]);
    if (failed !== null) return `${line}\n${failed}`;
  }
  return null;
}

function withTarballs(line: string, tarballs: ReadonlyMap<string, string>): string {
  if (!line.startsWith('npm install')) return line;
  const words = line.split(/\s+/u);
  const files = new Set(words.flatMap((word) => closure(word)).map((name) => tarballs.get(name)!));
  const others = words.filter((word) => !tarballs.has(word));
  return [...others, ...files, '--no-audit', '--no-fund'].join(' ');
}

/** A package of this workspace and those that it depends on. */
function closure(name: string): string[] {
  if (!name.startsWith('@timestep/')) return [];
  const { dependencies = {} } = manifestOf(name.slice('@timestep/'.length));
  return [name, ...Object.keys(dependencies).flatMap(closure)];
}
