import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

/** A mistake in a command, in words for the user. */
export class UsageError extends Error {}

const options = {
  json: { type: 'boolean', default: false },
  out: { type: 'string' },
  page: { type: 'string' },
  against: { type: 'string', default: 'torch' },
  ours: { type: 'string', default: '' },
  only: { type: 'string' },
  rounds: { type: 'string', default: '7' },
  threads: { type: 'string', default: String(availableParallelism()) },
  help: { type: 'boolean', default: false },
} as const;

const others = ['torch', 'tfjs', 'ort'];

/** A contestant of someone else's. */
export function isOther(name: string): boolean {
  return others.includes(name);
}

export function usage(names: readonly string[]): string {
  return `usage: pnpm bench [${names.join(' | ')} …] [options]
       pnpm bench tasks [figure …] [--threads N]   what the layers learn: the figures of docs/systems.md
  --json            print one JSON object instead of tables
  --out FILE        write the JSON object to FILE as well
  --page FOLDER     write benchmarks.md with pictures, and benchmarks.json, into FOLDER
  --against LIST    some of torch, tfjs, ort; torch by default, none for no other
  --ours LIST       which of ours: those whose name begins with one of the list's (all)
  --only TEXT       only the rows whose name contains TEXT
  --rounds N        interleaved rounds a row (7)
  --threads N       threads of the contestants with several (all cores)`;
}

export type CommandLine = ReturnType<typeof readCommandLine>;

/**
 * The words of a command, checked before anything is started.
 *
 * @param names of the groups
 * @throws UsageError
 */
export function readCommandLine(words: readonly string[], names: readonly string[]) {
  const { values, positionals } = parse(words);
  const isTasks = positionals[0] === 'tasks';
  const unknown = isTasks ? [] : positionals.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new UsageError(`unknown group: ${unknown.join(', ')}`);
  const against = values.against.split(',');
  const strangers = against.filter((name) => name !== 'none' && !isOther(name));
  if (strangers.length > 0) throw new UsageError(`unknown contestant: ${strangers.join(', ')}`);
  return {
    options: values,
    positionals,
    against,
    threads: wholeNumber('--threads', values.threads),
    rounds: wholeNumber('--rounds', values.rounds),
  };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], allowPositionals: true, options });
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
      throw new UsageError(error.message);
    throw error;
  }
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`expected ${name} to be a whole number of at least 1, got '${text}'`);
  return value;
}
