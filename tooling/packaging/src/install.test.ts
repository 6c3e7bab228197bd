import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { pack } from './pack.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'timestep-install-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A project that knows nothing of this repository: it learns to tell the sign of the sum of a sequence. */
const program = `
import { createCpuBackend } from '@timestep/backend-cpu';
import { Generator, mean, openScope, square, subtract, tensor, zeros } from '@timestep/core';
import { adamStep } from '@timestep/core/extend';
import { LSTM, Linear } from '@timestep/layers';

const backend = await createCpuBackend();
const generator = new Generator(1);
const lstm = new LSTM({ backend, inputSize: 1, hiddenSize: 8, generator });
const head = new Linear({ backend, inputSize: 8, outputSize: 1, generator });
const slots = [...lstm.parameters(), ...head.parameters()].map((parameter) => ({
  parameter,
  firstMoment: zeros(backend, parameter.shape),
  secondMoment: zeros(backend, parameter.shape),
}));
const losses = [];
for (let step = 1; step <= 60; step++) {
  using _scope = openScope(backend);
  const values = Float32Array.from({ length: 10 * 16 }, () => generator.normal());
  const sums = Float32Array.from({ length: 16 }, (_, n) => Math.sign(Array.from({ length: 10 }, (_, t) => values[t * 16 + n]).reduce((a, b) => a + b)));
  const { state } = lstm.forward(tensor(backend, values, { shape: [10, 16, 1] }));
  const y = head.forward(state.h);
  const loss = mean(square(subtract(y, tensor(backend, sums, { shape: [1, 16, 1] }))));
  loss.backward();
  adamStep(slots.map((slot) => ({ ...slot, gradient: slot.parameter.grad })), { learningRate: 0.02, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false, step });
  for (const { parameter } of slots) { parameter.grad.dispose(); parameter.grad = null; }
  losses.push(await loss.item());
}
await backend.dispose();
const average = (list) => list.reduce((a, b) => a + b) / list.length;
console.log(JSON.stringify({ first: average(losses.slice(0, 5)), last: average(losses.slice(-5)) }));
`;

it('core, layers and backend-cpu alone train in an empty project', async () => {
  const tarballs = await Promise.all(
    ['backend-api', 'core', 'layers', 'backend-cpu'].map((name) => pack(name, folder)),
  );
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  writeFileSync(join(folder, 'train.mjs'), program);
  await run('npm', ['install', '--no-audit', '--no-fund', ...tarballs], { cwd: folder });
  const { stdout } = await run(process.execPath, ['train.mjs'], { cwd: folder });
  const { first, last } = JSON.parse(stdout) as { first: number; last: number };
  expect(last).toBeLessThan(0.7 * first);
});
