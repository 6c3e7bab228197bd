import { ArgumentError, checkOptions, is, type OptionRules } from '@timestep/core';

/** The options of `prefetch`. */
export interface PrefetchOptions {
  /** The number of items to keep ready. 2 by default */
  readonly depth?: number | undefined;
}

const prefetchRules: OptionRules<PrefetchOptions> = { depth: is.optional(is.integer(1, 2 ** 20)) };

/**
 * Keeps up to `depth` items of a source ready, in order. The source runs while the consumer awaits something else, so
 * the next batch is made while a device works on the current one.
 *
 * An error of the source reaches the consumer after the items before it. Leaving the loop ends the source.
 *
 * @throws ArgumentError if the depth is not a positive integer
 * @example
 * for await (const batch of prefetch(batches(), { depth: 2 })) await train(batch);
 */
export function prefetch<Item>(
  source: AsyncIterable<Item> | Iterable<Item>,
  options: PrefetchOptions = {},
): AsyncGenerator<Item, void, void> {
  checkOptions('prefetch', options, prefetchRules);
  const given: unknown = source;
  if (typeof given !== 'object' || given === null || !(Symbol.asyncIterator in given || Symbol.iterator in given))
    throw new ArgumentError('[prefetch] expected a source that can be iterated, such as an array or a generator');
  return readAhead(source, options.depth ?? 2);
}

async function* readAhead<Item>(
  source: AsyncIterable<Item> | Iterable<Item>,
  depth: number,
): AsyncGenerator<Item, void, void> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const ready: Promise<IteratorResult<Item>>[] = [];
  let last: Promise<unknown> = Promise.resolve();
  const request = () => {
    // One request at a time: a source may be any iterator, not only a generator that queues them itself.
    const next = last.then(() => iterator.next());
    // The consumer handles a rejection when it reaches this item. Until then, it must not count as unhandled.
    last = next.catch(() => undefined);
    ready.push(next);
  };
  try {
    while (ready.length < depth) request();
    for (;;) {
      const result = await ready.shift()!;
      if (result.done) return;
      request();
      yield result.value;
    }
  } finally {
    await last;
    await iterator.return?.();
  }
}
