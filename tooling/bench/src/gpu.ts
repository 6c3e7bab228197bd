#!/usr/bin/env node
// `node tooling/bench/src/gpu.ts [--json] [--rounds N] [--only TEXT] [--software]`, for a machine with an NVIDIA card:
// the shapes of the design's table on WebGPU beside PyTorch with cuDNN in fp32 on the same card, TF32 off, in one run.
import { parseArgs } from 'node:util';
import { Contestant, timestepContestant, torchCudaContestant } from './contestant.ts';
import { groups } from './groups/index.ts';
import { describeMachine } from './machine.ts';
import { runGroup, type Row } from './run-group.ts';
import { formatTable } from './table.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
    only: { type: 'string' },
    software: { type: 'boolean', default: false },
  },
});
const log = options.json ? console.error : console.log;

const contestants: Contestant[] = [];
for (const description of [
  torchCudaContestant(),
  timestepContestant('webgpu', options.software ? 'webgpu' : 'webgpu-hardware', 1),
]) {
  const started = await Contestant.start(description);
  if (started instanceof Contestant) {
    contestants.push(started);
    log(`${started.name}: ${started.hello.version}, ${started.hello.device}`);
  } else log(`${description.name} is left out: ${started.unavailable}`);
}
if (!contestants.some(({ name }) => name === 'webgpu')) {
  console.error('there is no GPU for WebGPU here; --software runs on a software adapter all the same');
  process.exit(1);
}

const results: Record<string, Row[]> = {};
try {
  for (const name of ['rnn', 'charlm', 'ctc']) {
    const { title, cases } = groups[name]!();
    const chosen = cases.filter((work) => !options.only || work.name.includes(options.only));
    if (chosen.length === 0) continue;
    log(`\n${name}: ${title}`);
    results[name] = await runGroup(chosen, contestants, { rounds: Number(options.rounds), roundMilliseconds: 150 });
    log(formatTable(results[name], 'torch cuda'));
  }
} finally {
  for (const contestant of contestants) contestant.stop();
}
if (options.json)
  console.log(
    JSON.stringify({
      machine: describeMachine(),
      contestants: contestants.map(({ name, hello }) => ({ name, ...hello })),
      results,
    }),
  );
