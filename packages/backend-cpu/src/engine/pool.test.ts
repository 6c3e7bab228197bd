import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { compileKernels, hasRelaxedSimd } from './module.ts';
import { ThreadPool, type PartKernel } from './pool.ts';
import { kernelNames } from '../../build/kernels.ts';

const control = 32768;
const slots = control + 64;
let pool: ThreadPool | null = null;

afterEach(() => pool?.stop());

async function start(threads: number) {
  const module = await compileKernels({ relaxedSimd: hasRelaxedSimd(), shared: true });
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
  const { exports } = await WebAssembly.instantiate(module, { env: { memory, multiply: () => undefined } });
  pool = await ThreadPool.start(module, memory, control, threads);
  const words = new Int32Array(memory.buffer);
  const index = kernelNames.indexOf('fill32');
  const fill = (address: number, length: number, value: number, parts: number) => {
    words.set([address, length, value], slots / 4);
    pool!.run(index, (exports as Record<string, PartKernel>)['fill32']!, slots, parts);
  };
  return { pool, words, fill };
}

/** Waits until a condition holds; the test's own time limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(5);
}

test('idle workers sleep, and wake for work', async () => {
  const { pool, words, fill } = await start(4);
  for (let round = 1; round <= 20; round++) {
    await until(() => pool.sleeping === 3);
    fill(65536, 100_000, round, 50);
    expect(words.subarray(16384, 116_384).every((word) => word === round)).toBe(true);
  }
});

test('jobs in close succession, of any number of parts, are each done when run returns', async () => {
  const { words, fill } = await start(3);
  for (let round = 1; round <= 1000; round++) {
    const length = 1 + (round % 97);
    fill(65536, length, round, 1 + (round % 11));
    expect(words[16384]).toBe(round);
    expect(words[16384 + length - 1]).toBe(round);
  }
});

test('a kernel that traps is a typed error, and the threads go on', async () => {
  const { words, fill } = await start(3);
  const pastTheEnd = 64 * 65536;
  // Which threads trap is chance: in some rounds the calling one and another.
  for (let round = 1; round <= 50; round++) {
    expect(() => fill(pastTheEnd, 1000, 1, 7)).toThrow(expect.objectContaining({ code: 'KERNEL_FAILED' }));
    fill(65536, 1000, round, 7);
    expect(words[16384 + 999]).toBe(round);
  }
});
