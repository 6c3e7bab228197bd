#!/usr/bin/env node
// `pnpm bench [group …] [--json] [--against torch] [--rounds N] [--threads N] [--only TEXT]`, `pnpm bench tasks [figure …]`
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { availableParallelism } from 'node:os';
import { Contestant, ortContestant, tfjsContestant, timestepContestant, torchContestant, type ContestantDescription } from './contestant.ts';
import { groups } from './groups/index.ts';
import { describeMachine } from './machine.ts';
import type { Report } from './report.ts';
import { runGroup, type Row } from './run-group.ts';
import { formatDecoding, measureDecoding, type DecodeRow } from './decode.ts';
import { formatStartup, measureStartup, startupCommands, type StartupRow } from './startup.ts';
import { formatTable } from './table.ts';
import { runTasks } from './tasks.ts';
import { formatWebGpuRow, profileWebGpu, type WebGpuRow } from './webgpu/profile.ts';

const timedNames = [...Object.keys(groups), 'startup', 'decode'];
// `webgpu` counts and profiles and compares with nobody: it runs where it is asked for.
const names = [...timedNames, 'webgpu'];
const usage = `usage: pnpm bench [${names.join(' | ')} …] [options]
       pnpm bench tasks [figure …] [--threads N]   what the layers learn: the figures of docs/systems.md
  --json            print one JSON object instead of tables
  --out FILE        write the JSON object to FILE as well
  --page FOLDER     write benchmarks.md with pictures, and benchmarks.json, into FOLDER
  --against LIST    some of torch, tfjs, ort; torch by default, none for no other
  --ours LIST       which of ours: those whose name begins with one of the list's (all)
  --only TEXT       only the rows whose name contains TEXT
  --rounds N        interleaved rounds a row (7)
  --threads N       threads of the contestants with several (all cores)`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    out: { type: 'string' },
    page: { type: 'string' },
    against: { type: 'string', default: 'torch' },
    ours: { type: 'string', default: '' },
    only: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    threads: { type: 'string', default: String(availableParallelism()) },
    help: { type: 'boolean', default: false },
  },
});
// The tasks of the literature compare with published counts, not with a contestant.
if (positionals[0] === 'tasks' && !options.help) process.exit(await runTasks(positionals.slice(1), options.threads));
const chosen = positionals.length > 0 ? positionals : timedNames;
const unknown = chosen.filter((name) => !names.includes(name));
if (options.help || unknown.length > 0) {
  console.error(unknown.length > 0 ? `unknown group: ${unknown.join(', ')}\n${usage}` : usage);
  process.exit(options.help ? 0 : 2);
}

const threads = Number(options.threads);
const against = options.against.split(',');
const descriptions: ContestantDescription[] = [
  ...(against.includes('torch') ? [torchContestant(threads)] : []),
  timestepContestant('cpu 1', 'cpu', 1),
  ...(threads > 1 ? [timestepContestant(`cpu ${threads}`, 'cpu', threads)] : []),
  timestepContestant('native onednn', 'onednn', threads),
  timestepContestant('native blas', 'blas', threads),
  ...(against.includes('tfjs') ? [tfjsContestant()] : []),
  ...(against.includes('ort') ? [ortContestant(threads)] : []),
];

const ours = options.ours.split(',');
const others = ['torch', 'tfjs', 'ort'];
const strangers = against.filter((name) => name !== 'none' && !others.includes(name));
if (strangers.length > 0) {
  console.error(`unknown contestant: ${strangers.join(', ')}\n${usage}`);
  process.exit(2);
}
const taken = descriptions.filter(({ name }) => others.includes(name) || ours.some((start) => name.startsWith(start)));

const log = options.json ? console.error : console.log;
const machine = describeMachine();
log(`${machine.processor}, ${machine.cores} cores, ${machine.gigabytes} GB, ${machine.vectors.join(' ')}; node ${machine.node}, ${machine.platform}`);

const timed = chosen.filter((name) => name in groups);
const contestants: Contestant[] = [];
for (const description of timed.length > 0 ? taken : []) {
  const started = await Contestant.start(description);
  if (started instanceof Contestant) {
    contestants.push(started);
    log(`${started.name}: ${started.hello.version}, ${started.hello.device}`);
  } else log(`${description.name} is left out: ${started.unavailable}${description.name === 'torch' ? ' (python3 -m pip install torch)' : ''}`);
}

const results: Record<string, Row[]> = {};
try {
  for (const name of timed) {
    const group = groups[name]!();
    const cases = group.cases.filter((work) => !options.only || work.name.includes(options.only));
    log(`\n${name}: ${group.title}`);
    const rows = await runGroup(cases, contestants, { rounds: Number(options.rounds), roundMilliseconds: 150, onRow: (row) => process.stderr.isTTY && process.stderr.write(`  ${row.case.name}\n`) });
    results[name] = rows;
    log(formatTable(rows, 'torch'));
  }
} finally {
  for (const contestant of contestants) contestant.stop();
}

let startup: StartupRow[] | null = null;
if (chosen.includes('startup')) {
  log('\nstartup: a fresh process up to its first training step, LSTM 32, 128, 32, 100');
  const commands = Object.entries(startupCommands(threads)).filter(([name]) => taken.some((description) => description.name === name));
  startup = await measureStartup(Object.fromEntries(commands), Number(options.rounds));
  log(formatStartup(startup));
}

let decode: DecodeRow[] | null = null;
if (chosen.includes('decode')) {
  log('\ndecode: CTC on the host, one thread');
  decode = measureDecoding((row) => log(formatDecoding(row)));
}

let webgpu: WebGpuRow[] | null = null;
if (chosen.includes('webgpu')) {
  log('\nwebgpu: embedding, LSTM, linear, cross-entropy, clipping and Adam, one whole training step');
  webgpu = await profileWebGpu(options.only, (row) => log(`\n${formatWebGpuRow(row)}`));
}

const report: Report = { machine, contestants: contestants.map(({ name, hello }) => ({ name, ...hello })), results, startup, decode, webgpu };
if (options.out) writeFileSync(options.out, JSON.stringify(report, null, 1));
if (options.page) {
  const { writePage } = await import('./page/write-page.ts');
  writePage(options.page, report, Object.fromEntries(timed.map((name) => [name, groups[name]!().title])));
}
if (options.json) console.log(JSON.stringify(report));
