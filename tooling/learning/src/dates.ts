import type { Generator } from '@timestep/core';

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const romans = ['I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX', 'X', 'XI', 'XII'];

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
}

const two = (value: number): string => String(value).padStart(2, '0');
const ordinal = (day: number): string =>
  `${day}${day > 10 && day < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][day % 10] ?? 'th')}`;
const short = (month: number): string => months[month]!.slice(0, 3);
const weekday = ({ weekday: index }: Parts): string => weekdays[index]!;

/** The ways to write a date; day before month with dots, month before day with slashes. */
export const formats: readonly ((date: Parts) => string)[] = [
  ({ year, month, day }) => `${year}-${two(month + 1)}-${two(day)}`,
  ({ year, month, day }) => `${year}/${month + 1}/${day}`,
  ({ year, month, day }) => `${year}${two(month + 1)}${two(day)}`,
  ({ year, month, day }) => `${month + 1}/${day}/${year}`,
  ({ year, month, day }) => `${two(month + 1)}/${two(day)}/${year}`,
  ({ year, month, day }) => `${day}.${month + 1}.${year}`,
  ({ year, month, day }) => `${two(day)}.${two(month + 1)}.${year}`,
  ({ year, month, day }) => `${day}.${romans[month]}.${year}`,
  ({ year, month, day }) => `${day} ${short(month)}. ${year}`,
  ({ year, month, day }) => `${day} ${short(month)} ${year}`,
  ({ year, month, day }) => `${two(day)}-${short(month)}-${year}`,
  ({ year, month, day }) => `${day} ${short(month).toUpperCase()} ${year}`,
  ({ year, month, day }) => `${short(month)} ${day}, ${year}`,
  ({ year, month, day }) => `${year} ${short(month)} ${two(day)}`,
  ({ year, month, day }) => `${day} ${months[month]} ${year}`,
  ({ year, month, day }) => `${months[month]} ${day}, ${year}`,
  ({ year, month, day }) => `${months[month]!.toLowerCase()} ${day} ${year}`,
  ({ year, month, day }) => `${months[month]} the ${ordinal(day)}, ${year}`,
  ({ year, month, day }) => `the ${ordinal(day)} of ${months[month]} ${year}`,
  ({ year, month, day }) => `${ordinal(day)} ${months[month]}, ${year}`,
  (date) => `${weekday(date)}, ${date.day} ${months[date.month]} ${date.year}`,
  (date) => `${weekday(date)}, ${months[date.month]} ${date.day}, ${date.year}`,
  (date) => `${weekday(date).slice(0, 3)} ${two(date.day)} ${short(date.month)} ${date.year}`,
  (date) => `${weekday(date)} the ${ordinal(date.day)} of ${short(date.month)}. ${date.year}`,
];

/** Every character that a date may hold; the index is its symbol. */
export const alphabet = ' ,-./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** The symbols of a normalised date, `start` and `end` behind them. */
export const digits = '0123456789-';
export const start = digits.length;
export const end = digits.length + 1;
export const targetSymbols = digits.length + 2;

const firstDay = Date.UTC(1900, 0, 1) / 864e5;
const dayCount = Date.UTC(2100, 0, 1) / 864e5 - firstDay;

/** One date as somebody may write it, and as ISO 8601 has it. Every eighth day of 1900 … 2099 is held out. */
export function drawDate(generator: Generator, heldOut: boolean): { readonly written: string; readonly iso: string } {
  for (;;) {
    const index = generator.integer(dayCount);
    // Spread over all months and days of the week: 8 shares no factor with 7 or the lengths of the months.
    if ((index % 8 === 3) !== heldOut) continue;
    const date = new Date((firstDay + index) * 864e5);
    const parts = {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth(),
      day: date.getUTCDate(),
      weekday: date.getUTCDay(),
    };
    return { written: formats[generator.integer(formats.length)]!(parts), iso: date.toISOString().slice(0, 10) };
  }
}

export interface DateBatch {
  /** `[S, N]`, row-major, 0 past a length */
  readonly source: Int32Array;
  readonly lengths: Int32Array;
  /** `[11, N]`: ten symbols and the end */
  readonly targets: Int32Array;
  readonly written: readonly string[];
  readonly isos: readonly string[];
}

export function drawDates(count: number, generator: Generator, heldOut: boolean): DateBatch {
  const dates = Array.from({ length: count }, () => drawDate(generator, heldOut));
  const lengths = Int32Array.from(dates, ({ written }) => written.length);
  const steps = Math.max(...lengths);
  const source = new Int32Array(steps * count);
  const targets = new Int32Array(11 * count);
  dates.forEach(({ written, iso }, n) => {
    for (let t = 0; t < written.length; t++) source[t * count + n] = alphabet.indexOf(written[t]!);
    for (let t = 0; t <= 10; t++) targets[t * count + n] = t < 10 ? digits.indexOf(iso[t]!) : end;
  });
  return { source, lengths, targets, written: dates.map(({ written }) => written), isos: dates.map(({ iso }) => iso) };
}
