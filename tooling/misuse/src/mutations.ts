import { isOptions, kindOf, shown, wrongValues } from './wrong.ts';

/** One right call of an export or of a method. */
export interface Entry {
  /** The export, or the export and its method, such as `GRU.forward`. */
  readonly name: string;
  readonly call: (...args: never[]) => unknown;
  /** Right arguments, with every option that there is. */
  readonly args: () => readonly unknown[];
  /** Options and argument numbers that may be null too. */
  readonly nullable?: readonly (string | number)[];
  /** Further kinds that an option or argument takes; `any` for all of them. */
  readonly also?: Readonly<Record<string, readonly string[]>>;
  /** Numbers of arguments that are objects with members and not options: names beside theirs are fine. */
  readonly open?: readonly number[];
}

/** A call that is wrong in one place. */
export interface WrongCall {
  /** The option, or the number of the argument. */
  readonly place: string;
  readonly what: string;
  readonly args: readonly unknown[];
  /** Whether the call must not be accepted; otherwise it only must not end in a bare error. */
  readonly mustRefuse: boolean;
  /** In what way a number is outside of what a count, a size or a rate may be; `ranges.ts` has those that may. */
  readonly beyond: Beyond | null;
}

export type Beyond = 'negative' | 'fraction' | 'infinite';

/** Every argument, and every option of each argument, in turn replaced by every wrong value; and unknown options. */
export function* wrongCalls(entry: Entry): Generator<WrongCall> {
  const count = entry.args().length;
  for (let at = 0; at < count; at++) {
    for (const make of wrongValues) {
      const args = [...entry.args()];
      const value = make();
      const mustRefuse = isWrongKind(entry, String(at), args[at], value);
      args[at] = value;
      yield {
        place: `argument ${at}`,
        what: shown(value),
        args,
        mustRefuse,
        beyond: beyondOf(entry.args()[at], value),
      };
    }
    const options = entry.args()[at];
    if (!isOptions(options)) continue;
    const misspelt = [...entry.args()];
    misspelt[at] = { ...options, unknownOption: 1 };
    const mustRefuse = !entry.open?.includes(at);
    yield {
      place: `argument ${at}`,
      what: 'an unknown option beside the right ones',
      args: misspelt,
      mustRefuse,
      beyond: null,
    };
    for (const [name, right] of Object.entries(options)) {
      for (const make of wrongValues) {
        const args = [...entry.args()];
        const value = make();
        args[at] = { ...(args[at] as object), [name]: value };
        const mustRefuse = isWrongKind(entry, name, right, value);
        yield { place: name, what: shown(value), args, mustRefuse, beyond: beyondOf(right, value) };
      }
    }
  }
}

/** Undefined may mean that an option is left out; NaN is never a number that someone meant. */
function isWrongKind(entry: Entry, place: string, right: unknown, value: unknown): boolean {
  if (value === undefined) return false;
  const also = entry.also?.[place] ?? [];
  if (also.includes('any')) return false;
  if (value === null) return !entry.nullable?.map(String).includes(place);
  const kind = kindOf(value);
  if (Number.isNaN(value) && kindOf(right) === 'number') return !also.includes('NaN');
  return kind !== kindOf(right) && !also.includes(kind);
}

function beyondOf(right: unknown, value: unknown): Beyond | null {
  if (typeof value !== 'number' || typeof right !== 'number' || Number.isNaN(value)) return null;
  if (value === Infinity) return 'infinite';
  if (value < 0) return right >= 0 ? 'negative' : null;
  return !Number.isInteger(value) && Number.isInteger(right) ? 'fraction' : null;
}
