#!/usr/bin/env node
// `pnpm bench [group …] [--json] [--against torch] [--rounds N] [--threads N] [--only TEXT]`, `pnpm bench tasks [figure
// …]`
import { writeFileSync } from 'node:fs';
import { DeviceError } from '@timestep/backend-api';
import { isOther, readCommandLine, usage, UsageError, type CommandLine } from './command-line.ts';
import {
  Contestant,
  ortContestant,
  tfjsContestant,
  timestepContestant,
  torchContestant,
  type ContestantDescription,
} from './contestant.ts';
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
let command: CommandLine;
try {
  command = readCommandLine(process.argv.slice(2), names);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n${usage(names)}`);
  process.exit(2);
}
const { options, positionals, threads, rounds, against } = command;
// The tasks of the literature compare with published counts, not with a contestant.
if (positionals[0] === 'tasks' && !options.help) process.exit(await runTasks(positionals.slice(1), String(threads)));
const chosen = positionals.length > 0 ? positionals : timedNames;
if (options.help) {
  console.error(usage(names));
  process.exit(0);
}

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
const strangers = ours.filter((start) => !descriptions.some(({ name }) => !isOther(name) && name.startsWith(start)));
if (strangers.length > 0) {
  console.error(
    `none of ours begins with '${strangers.join("', '")}'; they are ${descriptions.flatMap(({ name }) => (isOther(name) ? [] : [name])).join(', ')}`,
  );
  process.exit(2);
}
const taken = descriptions.filter(({ name }) => isOther(name) || ours.some((start) => name.startsWith(start)));

const log = options.json ? console.error : console.log;
const machine = describeMachine();
log(
  `${machine.processor}, ${machine.cores} cores, ${machine.gigabytes} GB, ${machine.vectors.join(' ')}; node ${machine.node}, ${machine.platform}`,
);

const timed = chosen.filter((name) => name in groups);
if (
  options.only !== undefined &&
  timed.length > 0 &&
  !timed.some((name) => groups[name]!().cases.some((work) => work.name.includes(options.only!)))
) {
  console.error(
    `no row of ${timed.join(', ')} contains '${options.only}'; the rows are named ${groups[timed[0]!]!()
      .cases.slice(0, 3)
      .map((work) => `'${work.name}'`)
      .join(', ')}, …`,
  );
  process.exit(2);
}
const contestants: Contestant[] = [];
for (const description of timed.length > 0 ? taken : []) {
  const started = await Contestant.start(description);
  if (started instanceof Contestant) {
    contestants.push(started);
    log(`${started.name}: ${started.hello.version}, ${started.hello.device}`);
  } else
    log(
      `${description.name} is left out: ${started.unavailable}${description.name === 'torch' ? ' (python3 -m pip install torch)' : ''}`,
    );
}

const results: Record<string, Row[]> = {};
try {
  for (const name of timed) {
    const group = groups[name]!();
    const cases = group.cases.filter((work) => !options.only || work.name.includes(options.only));
    log(`\n${name}: ${group.title}`);
    const rows = await runGroup(cases, contestants, {
      rounds: rounds,
      roundMilliseconds: 150,
      onRow: (row) => process.stderr.isTTY && process.stderr.write(`  ${row.case.name}\n`),
    });
    results[name] = rows;
    log(formatTable(rows, 'torch'));
  }
} finally {
  for (const contestant of contestants) contestant.stop();
}

let startup: StartupRow[] | null = null;
if (chosen.includes('startup')) {
  log('\nstartup: a fresh process up to its first training step, LSTM 32, 128, 32, 100');
  const commands = Object.entries(startupCommands(threads)).filter(([name]) =>
    taken.some((description) => description.name === name),
  );
  startup = await measureStartup(Object.fromEntries(commands), rounds);
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
  try {
    webgpu = await profileWebGpu(options.only, (row) => log(`\n${formatWebGpuRow(row)}`));
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    log(`webgpu is left out: ${error.message}`);
    process.exitCode = 1;
  }
}

const report: Report = {
  arguments: process.argv.slice(2),
  machine,
  contestants: contestants.map(({ name, hello }) => ({ name, ...hello })),
  results,
  startup,
  decode,
  webgpu,
};
if (options.out) writeFileSync(options.out, JSON.stringify(report, null, 1));
if (options.page) {
  const { writePage } = await import('./page/write-page.ts');
  writePage(options.page, report, Object.fromEntries(timed.map((name) => [name, groups[name]!().title])));
}
if (options.json) console.log(JSON.stringify(report));
