/**
 * The process that reads damaged files: `child.ts MODULE SEED FIRST COUNT`. On descriptor 3 it writes one line of JSON
 * for each index before it is read, for each finding, and the counts at the end: whatever kills it, the last line
 * names the file.
 */
import { writeSync } from 'node:fs';
import { damage } from './damage.ts';
import type { Format } from './format.ts';
import { MemoryMeter } from './memory.ts';
import type { Line } from './run-format.ts';

const [module, seed, first, count] = process.argv.slice(2);
const { format } = (await import(module!)) as { format: Format };
const write = (line: Line) => writeSync(3, `${JSON.stringify(line)}\n`);
const seeds = await format.seeds();
// A seed that cannot be read would prove nothing.
for (const [i, bytes] of seeds.entries()) {
  try {
    await format.read(bytes);
  } catch (error) {
    write({ kind: 'finding', index: -1 - i, what: 'untyped', text: `seed ${i} cannot be read: ${textOf(error)}` });
  }
}
const meter = new MemoryMeter();
const counts = { valid: 0, typed: 0 };
for (let index = Number(first); index < Number(first) + Number(count); index++) {
  write({ kind: 'index', index });
  const bytes = damage(format, seeds, Number(seed), index);
  const limit = 64 * 2 ** 20 + 10 * bytes.length;
  let taken = await readOnce(bytes, index, true);
  // The collector may have been late by chance: what is too much must be so again after a clean-up.
  for (let again = 0; taken > limit && again < 2; again++) {
    globalThis.gc?.();
    // Each reading has the time of one file.
    write({ kind: 'index', index });
    taken = Math.min(taken, await readOnce(bytes, index, false));
  }
  if (taken > limit) {
    const text = `took ${(taken / 2 ** 20).toFixed(0)} MB for a file of ${bytes.length} bytes`;
    write({ kind: 'finding', index, what: 'memory', text });
  }
}
write({ kind: 'done', ...counts });

async function readOnce(bytes: Uint8Array, index: number, counted: boolean): Promise<number> {
  meter.start();
  try {
    await format.read(bytes.slice());
    if (counted) counts.valid++;
  } catch (error) {
    if (counted && format.isTyped(error)) counts.typed++;
    else if (counted) write({ kind: 'finding', index, what: 'untyped', text: textOf(error) });
  }
  return meter.stop();
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const place = /^\s+at .*$/mu.exec(error.stack ?? '')?.[0].trim() ?? '';
  return `${error.name}: ${error.message.slice(0, 300)} ${place}`;
}
