#!/usr/bin/env node
/**
 * `pnpm app` lists the apps, a line each. `pnpm app NAME …` builds the app in `apps/NAME` and runs its command line
 * with the rest of the arguments.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const apps = fileURLToPath(new URL('../../../apps', import.meta.url));

/** The apps that have a command line: name → one sentence. */
function summaries() {
  const names = readdirSync(apps).filter((name) => existsSync(join(apps, name, 'src/cli.ts')));
  return new Map(
    names.sort().map((name) => [name, JSON.parse(readFileSync(join(apps, name, 'package.json'), 'utf8')).description]),
  );
}

const [name, ...rest] = process.argv.slice(2);
const known = summaries();

if (name === undefined || name === '--help') {
  const width = Math.max(...[...known.keys()].map(({ length }) => length));
  for (const [app, summary] of known) console.log(`${app.padEnd(width)}  ${summary}`);
  console.log('\nnpx pnpm app NAME --help lists the commands of one');
} else if (!known.has(name)) {
  console.error(`error: there is no app ${name}; the apps are ${[...known.keys()].join(', ')}`);
  process.exitCode = 1;
} else {
  // Paths in the arguments are relative to where the user is.
  const from = process.env.INIT_CWD ?? process.cwd();
  const build = spawnSync('turbo', ['run', 'build', `--filter=@timestep/app-${name}...`, '--output-logs=errors-only'], {
    cwd: apps,
    stdio: ['ignore', 2, 2],
  });
  process.exitCode =
    build.status ||
    (spawnSync(process.execPath, [join(apps, name, 'dist/cli.js'), ...rest], { cwd: from, stdio: 'inherit' }).status ??
      1);
}
