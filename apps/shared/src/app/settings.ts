import { type Command, InvalidArgumentError, Option } from 'commander';
import * as v from 'valibot';
import { UsageError } from '../errors.ts';

/** A flat schema whose entries are numbers, strings, booleans or choices, each with a default. */
export type Settings = v.StrictObjectSchema<
  Readonly<Record<string, v.OptionalSchema<v.GenericSchema<number | string | boolean>, number | string | boolean>>>,
  undefined
>;

/** One setting with a default, and what it is for. It becomes a flag: `hiddenSize` is `--hidden-size`. */
export function setting<Schema extends v.GenericSchema<number | string | boolean>>(
  schema: Schema,
  initial: v.InferOutput<Schema> & v.InferInput<Schema>,
  description: string,
) {
  return v.optional(v.pipe(schema, v.description(description)), initial);
}

/** A whole number of at least `least`. */
export function whole(least = 1, most = Number.MAX_SAFE_INTEGER) {
  const message = `expected a whole number ${most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `in ${least}…${most}`}`;
  return v.pipe(v.number(message), v.safeInteger(message), v.minValue(least, message), v.maxValue(most, message));
}

/** A number in an interval, both ends included. */
export function between(least: number, most: number) {
  const message = `expected a number in ${least}…${most}`;
  return v.pipe(v.number(message), v.minValue(least, message), v.maxValue(most, message));
}

/** Adds a flag for each setting. Flags that the user leaves out stay undefined. */
export function addFlags(command: Command, settings: Settings): Command {
  for (const [name, entry] of Object.entries(settings.entries)) {
    const flag = name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
    const initial = v.getDefault(entry) as number | string | boolean;
    const description = `${v.getDescription(entry.wrapped) ?? ''} (default: ${String(initial)})`;
    if (typeof initial === 'boolean') {
      command.addOption(new Option(initial ? `--no-${flag}` : `--${flag}`, description));
      // commander sets true for the positive form of --no-…; only what the user writes is to count.
      if (initial) command.setOptionValue(name, undefined);
      continue;
    }
    command.addOption(
      new Option(`--${flag} <${typeof initial === 'number' ? 'n' : 'name'}>`, description).argParser((text: string) => {
        const value = typeof initial === 'number' ? (text.trim() === '' ? NaN : Number(text)) : text;
        const { issues } = v.safeParse(entry, value);
        if (issues) throw new InvalidArgumentError(`${sentence(issues[0].message)}.`);
        return value;
      }),
    );
  }
  return command;
}

/**
 * The settings of a run: what the user wrote, else what suits the data, else the default.
 *
 * @throws UsageError for a value that does not fit, or an unknown name
 */
export function resolveSettings<Schema extends Settings>(
  schema: Schema,
  where: string,
  ...layers: readonly (Readonly<Record<string, unknown>> | undefined)[]
): v.InferOutput<Schema> {
  const merged: Record<string, unknown> = {};
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer ?? {})) if (value !== undefined) merged[name] ??= value;
  }
  const { success, output, issues } = v.safeParse(schema, merged);
  if (success) return output;
  const [issue] = issues;
  throw new UsageError(`[${where}] ${v.getDotPath(issue) ?? 'settings'}: ${issue.message}`);
}

/** The flags of a schema among all that were given. */
export function pickSettings(schema: Settings, flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(schema.entries).map((name) => [name, flags[name]]));
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
