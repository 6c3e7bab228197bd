#!/usr/bin/env node
/**
 * `npx pnpm census [FOLDER] [--list NAME]`: counts what a reader stumbles over in the workspace at FOLDER (this one by
 * default), so that one can compare a change with what was there before. `--list` prints the places behind a count.
 */
import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { circlesOf } from './circles.ts';
import { longLinesOf } from './lines.ts';
import { proseOf } from './prose.ts';
import { clashesOf, surfaceOf } from './surface.ts';
import { packagesOf, programOf } from './workspace.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { list: { type: 'string' } } });
const root = resolve(positionals[0] ?? '.');

const packages = packagesOf(root);
const names = surfaceOf(root, packages, programOf(packages));
const valued = names.filter(({ kind }) => kind !== 'type');
const throwing = names.filter(({ throws }) => throws);
const clashes = clashesOf(names);
const circles = circlesOf(root);
const lines = longLinesOf(root);

const places: Readonly<Record<string, readonly string[]>> = {
  circles: circles.map((circle) => circle.join(' · ')),
  clashes: [...clashes].map(([name, homes]) => `${name}: ${homes.join(', ')}`),
  examples: valued.filter(({ lacksExample }) => lacksExample).map(({ name, file }) => `${name} (${file})`),
  throws: throwing.filter(({ lacksThrows }) => lacksThrows).map(({ name, file }) => `${name} (${file})`),
  summaries: names.filter(({ lacksSummary }) => lacksSummary).map(({ name, file }) => `${name} (${file})`),
  stars: names.filter(({ throughStar }) => throughStar).map(({ name, file }) => `${name} (${file})`),
  files: lines.files.map(([path, count]) => `${path}: ${count}`),
};

const counts: readonly (readonly [string, string | number])[] = [
  ['lines of more than 120 characters', `${lines.lines}, the longest ${lines.longest}`],
  ['files of more than 300 lines (files)', lines.files.length],
  ['import circles, types included (circles)', circles.length],
  ['public names', names.length],
  ['names that two packages export for different things (clashes)', clashes.size],
  ['names exported by export * (stars)', places['stars']!.length],
  ['public names without a summary (summaries)', places['summaries']!.length],
  [
    'functions, classes and constants without an example (examples)',
    `${places['examples']!.length} of ${valued.length}`,
  ],
  ['of those that throw, without @throws (throws)', `${places['throws']!.length} of ${throwing.length}`],
  ['constructor.name in published code', lines.constructorNames],
  ...Object.entries(proseOf(root)).map(([name, count]) => [`prose: ${name}`, count] as const),
];

if (values.list === undefined) {
  const width = Math.max(...counts.map(([name]) => name.length));
  for (const [name, count] of counts) console.log(`${name.padEnd(width)}  ${count}`);
} else if (places[values.list]) {
  for (const place of places[values.list]!) console.log(place);
} else {
  console.error(`--list ${values.list}: expected one of ${Object.keys(places).join(', ')}`);
  process.exitCode = 1;
}
