import * as v from 'valibot';
import { ensure } from '../errors.ts';
import type { Argument } from './call-reader.ts';
import { anyRecord, parseAs } from './config-reader.ts';
import type { Source } from './run.ts';

/** A value of the graph: its layer, the index of the call, and the index of the output. */
export type ValueKey = readonly [layer: string, call: number, output: number];

/** One call of a layer. */
export interface NodeCall {
  /** The values that it reads. */
  readonly reads: readonly ValueKey[];
  args(find: (key: ValueKey) => Source): Argument[];
  kwargs(find: (key: ValueKey) => Source): Map<string, Argument>;
}

const node = v.object({ args: v.array(v.unknown()), kwargs: anyRecord });
const index = v.pipe(v.number(), v.integer(), v.minValue(0));
const history = v.object({
  class_name: v.literal('__keras_tensor__'),
  config: v.object({ keras_history: v.tuple([v.string(), index, index]) }),
});
const tuple = v.object({ class_name: v.literal('__tuple__'), items: v.array(v.unknown()) });
const maxDepth = 32;

/** Reads an inbound node of a layer: the arguments of one call. */
export function parseArguments(given: unknown): NodeCall {
  const { args, kwargs } = parseAs(node, given, 'an inbound node');
  const reads: ValueKey[] = [];
  const collect: (key: ValueKey) => Source = (key) => {
    reads.push(key);
    return () => {
      throw new TypeError('a source that is only counted was asked for its value');
    };
  };
  const argsOf = (find: (key: ValueKey) => Source) => args.map((argument) => argumentOf(argument, find, 0));
  const kwargsOf = (find: (key: ValueKey) => Source) =>
    new Map(Object.entries(kwargs).map(([key, argument]) => [key, argumentOf(argument, find, 0)]));
  argsOf(collect);
  kwargsOf(collect);
  return { reads, args: argsOf, kwargs: kwargsOf };
}

function argumentOf(given: unknown, find: (key: ValueKey) => Source, depth: number): Argument {
  ensure(depth < maxDepth, 'MALFORMED_FILE', () => `[keras] arguments are nested deeper than ${maxDepth} levels`);
  const inner = (one: unknown) => argumentOf(one, find, depth + 1);
  if (Array.isArray(given)) return { list: given.map(inner) };
  if (typeof given !== 'object' || given === null) return { constant: given };
  const className: unknown = Reflect.get(given, 'class_name');
  if (className === '__keras_tensor__')
    return { source: find(parseAs(history, given, 'an argument').config.keras_history) };
  if (className === '__tuple__') return { list: parseAs(tuple, given, 'an argument').items.map(inner) };
  if (className !== undefined) return { constant: given };
  // Keras flattens a dictionary in the order of its keys.
  const entries = Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1));
  return { list: entries.map(([, value]) => inner(value)) };
}
