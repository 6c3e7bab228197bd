import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Generator } from '@timestep/core';
import { afterAll, expect, it } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'timestep-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const steps = 100;
const kills = 5;
const script = fileURLToPath(new URL('../test-support/killed-run.ts', import.meta.url));

interface Kill {
  /** Signs of life to wait for: the first comes before the checkpoint is read, the others while it trains. */
  readonly signs: number;
  /** Milliseconds from there. */
  readonly delay: number;
}

/** Runs the script, and kills it at some moment. */
async function train(
  folder: string,
  kill: Kill | null,
): Promise<{ readonly killed: boolean; readonly reported: readonly number[] }> {
  const child = spawn(
    process.execPath,
    ['--conditions=@timestep/source', '--disable-warning=ExperimentalWarning', script, folder, String(steps)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  let dying = false;
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (dying || kill === null || output.split('\n').length - 1 < kill.signs) return;
    dying = true;
    setTimeout(() => child.kill('SIGKILL'), kill.delay);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the run ended with ${code ?? signal}`);
  return { killed: signal === 'SIGKILL', reported: output.split('\n').slice(1, -1).map(Number) };
}

const logOf = (folder: string) =>
  readFileSync(join(folder, 'log.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ type }) => type === 'train' || type === 'validation')
    .map(({ seconds: _, ...rest }) => rest);

it('a run killed at random moments and resumed ends with the same bits as one that was not', async () => {
  const [whole, pieces] = [join(root, 'whole'), join(root, 'pieces')];
  await train(whole, null);
  const random = new Generator(12);
  const firstSteps: number[] = [];
  for (let attempt = 0; attempt < kills; attempt++) {
    const { killed, reported } = await train(pieces, {
      signs: attempt === 2 ? 1 : 2 + random.integer(12),
      delay: random.uniform(0, 12),
    });
    expect(killed).toBe(true);
    firstSteps.push(...reported.slice(0, 1));
  }
  await train(pieces, null);
  // Each went on from where the one before was killed.
  expect(firstSteps).toEqual(firstSteps.toSorted((a, b) => a - b));
  expect(firstSteps.at(-1)).toBeGreaterThan(3);
  const last = `checkpoint-${String(steps).padStart(8, '0')}.safetensors`;
  expect(readFileSync(join(pieces, last))).toEqual(readFileSync(join(whole, last)));
  expect(readdirSync(pieces).sort()).toEqual(readdirSync(whole).sort());
  for (const name of readdirSync(whole).filter((one) => one.startsWith('best')))
    expect(readFileSync(join(pieces, name))).toEqual(readFileSync(join(whole, name)));
  expect(logOf(pieces)).toEqual(logOf(whole));
});
