#!/usr/bin/env node
/**
 * `npx pnpm first-contact [--only NAME] [--folder DIR]`: does what a reader of the READMEs does. It packs the packages,
 * installs them into new projects with the commands of each page, compiles the programs with several versions of
 * TypeScript and runs them on several runtimes. It downloads all of these from npm, so it is not part of the tests.
 */
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { pack, publishedPackages } from '../pack.ts';
import { installCommandsOf, programsOf, readmes } from '../readmes.ts';
import { newProject } from './project.ts';
import { command, type Outcome, report } from './report.ts';
import { nodeVersions, otherRuntimes, toolOf, typescriptVersions } from './tools.ts';

const { values } = parseArgs({ options: { only: { type: 'string', default: '' }, folder: { type: 'string' } } });
const folder = values.folder ? resolve(values.folder) : mkdtempSync(join(tmpdir(), 'timestep-first-contact-'));
const pages = readmes.filter((readme) => readme.includes(values.only));
const outcomes: Outcome[] = [];
console.log(`working in ${folder}`);

const packed = join(folder, 'packed');
mkdirSync(packed, { recursive: true });
const tarballs = new Map<string, string>();
for (const name of publishedPackages()) {
  const tarball = join(packed, `${name}.tgz`);
  tarballs.set(`@timestep/${name}`, existsSync(tarball) ? tarball : await pack(name, packed));
}

// Each page by itself, with nothing but its own commands: the program starts on the newest Node as it is.
for (const readme of pages) {
  const programs = programsOf(readme);
  const project = join(folder, 'pages', programs[0]!.name);
  const installed = await newProject(project, ['npm init -y', ...installCommandsOf(readme)], tarballs);
  outcomes.push({ program: readme, tool: 'install', failure: installed });
  if (installed !== null) continue;
  const node = await toolOf(folder, 'node', nodeVersions.at(-1)!);
  for (const { name, code, output } of programs) {
    writeFileSync(join(project, `${name}.ts`), code);
    outcomes.push({ program: name, tool: 'alone', failure: await command(project, [node, `${name}.ts`], output) });
  }
}

// All programs together, for every compiler and runtime.
const all = join(folder, 'all');
const commands = pages.flatMap(installCommandsOf).filter((line) => line.startsWith('npm install'));
const failure = await newProject(all, ['npm init -y', 'npm pkg set type=module', ...new Set(commands)], tarballs);
if (failure !== null) throw new Error(failure);
const programs = pages.flatMap(programsOf);
for (const { name, code } of programs) writeFileSync(join(all, `${name}.ts`), code);
const newest = await toolOf(folder, 'typescript', typescriptVersions.at(-1)!);
if (!existsSync(join(all, 'tsconfig.json'))) await command(all, [newest, '--init']);

for (const version of typescriptVersions) {
  const compiler = await toolOf(folder, 'typescript', version);
  // Before TypeScript 6, WebGPU is not part of lib.dom.
  const types = Number.parseFloat(version) < 6 ? ['--types', '@webgpu/types'] : [];
  const parameters = ['--noEmit', '--skipLibCheck', 'false', '--pretty', 'false', ...types];
  const found = (await command(all, [compiler, ...parameters])) ?? '';
  const lines = found.split('\n').filter((line) => line.includes('error TS'));
  for (const { name } of programs) {
    const own = lines.filter((line) => line.startsWith(`${name}.ts`));
    outcomes.push({ program: name, tool: `typescript ${version}`, failure: own.length > 0 ? own.join('\n') : null });
  }
  const others = lines.filter((line) => !programs.some(({ name }) => line.startsWith(`${name}.ts`)));
  outcomes.push({ program: 'declarations', tool: `typescript ${version}`, failure: others.join('\n') || null });
}

await command(all, [
  newest,
  '--target',
  'es2023',
  '--outDir',
  'js',
  '--declaration',
  'false',
  '--declarationMap',
  'false',
]);
for (const version of nodeVersions) {
  const node = await toolOf(folder, 'node', version);
  for (const { name, output } of programs) {
    outcomes.push({
      program: name,
      tool: `node ${version}`,
      failure: await command(all, [node, join('js', `${name}.js`)], output),
    });
  }
}
for (const { name: runtime, parameters } of otherRuntimes) {
  const binary = await toolOf(folder, runtime, 'latest');
  for (const { name, output } of programs) {
    const failed = await command(all, [binary, ...parameters, `${name}.ts`], output);
    outcomes.push({ program: name, tool: runtime, failure: failed });
  }
}
process.exitCode = report(outcomes) ? 0 : 1;
