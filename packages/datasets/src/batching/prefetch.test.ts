import { expect, test } from 'vitest';
import { prefetch } from './prefetch.ts';

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Counts what was taken from it and whether it was closed. */
function source(count: number, failAt = Infinity) {
  const log = { started: 0, closed: false };
  async function* items() {
    try {
      for (let i = 0; i < count; i++) {
        if (i === failAt) throw new Error(`item ${i} is broken`);
        log.started++;
        await tick();
        yield i;
      }
    } finally {
      log.closed = true;
    }
  }
  return { log, items: items() };
}

test('gives every item in order and closes the source', async () => {
  const { log, items } = source(20);
  expect(await collect(prefetch(items, { depth: 3 }))).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect(log.closed).toBe(true);
  expect(await collect(prefetch(['a', 'b']))).toEqual(['a', 'b']);
  expect(await collect(prefetch([]))).toEqual([]);
});

test('reads ahead as far as depth and no further', async () => {
  const { log, items } = source(20);
  const reader = prefetch(items, { depth: 4 });
  await reader.next();
  for (let i = 0; i < 30; i++) await tick();
  expect(log.started).toBe(1 + 4);
  await reader.next();
  for (let i = 0; i < 30; i++) await tick();
  expect(log.started).toBe(2 + 4);
  await reader.return();
  expect(log.closed).toBe(true);
});

test('asks a plain iterator for one item at a time', async () => {
  let [open, most, next] = [0, 0, 0];
  const slow: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      async next() {
        most = Math.max(most, ++open);
        await tick();
        open--;
        return next < 6 ? { done: false, value: next++ } : { done: true, value: undefined };
      },
    }),
  };
  expect(await collect(prefetch(slow, { depth: 5 }))).toEqual([0, 1, 2, 3, 4, 5]);
  expect(most).toBe(1);
});

test('an error comes in its turn, after the items before it', async () => {
  const { items } = source(10, 3);
  const seen: number[] = [];
  await expect(async () => {
    for await (const item of prefetch(items, { depth: 8 })) {
      seen.push(item);
      await tick();
    }
  }).rejects.toThrow('item 3 is broken');
  expect(seen).toEqual([0, 1, 2]);
});

test('leaving the loop early leaves nothing behind', async () => {
  const { log, items } = source(10, 2);
  for await (const item of prefetch(items, { depth: 6 })) if (item === 0) break;
  expect(log.closed).toBe(true);
});

test('a bad depth is refused at once', () => {
  expect(() => prefetch([1], { depth: 0 })).toThrow(/depth/u);
});
