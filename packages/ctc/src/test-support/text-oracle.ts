import type { NgramModel } from '../language-model/ngram-model.ts';
import { labellings } from './enumerate.ts';

/** Hypotheses with their scores, by text (or another key). */
export type Scored = Map<string, number>;

/** What a decoder is told, in the plainest form: every default is filled in. */
export interface OracleOptions {
  readonly tokens: readonly string[];
  readonly blank: number;
  /** The class, or −1 */
  readonly separator: number;
  /** Every spelling as a list of tokens, and its word */
  readonly lexicon: readonly { readonly word: string; readonly spelling: readonly string[] }[] | null;
  readonly model: NgramModel | null;
  readonly unit: 'word' | 'token';
  readonly alpha: number;
  readonly beta: number;
  readonly unknownScore: number;
  readonly end: boolean;
  readonly hotWords: Readonly<Record<string, number>>;
}

/**
 * The score of every text that some path through the frames reads as: all paths are enumerated and collapsed,
 * separators at the ends and doubled ones are dropped, the rest is cut into words in every way that the lexicon allows,
 * and each text is given ln of the sum over its labellings of p(labels)·e^(what the models add).
 */
export function scoresOfTexts(logp: Float64Array, T: number, options: OracleOptions): Scored {
  const { tokens, blank, separator } = options;
  const sums = new Map<string, number>();
  for (const [key, p] of labellings(logp, T, tokens.length, blank)) {
    const classes = key === '' ? [] : key.split(',').map(Number);
    const kept = classes.filter((c, k) => c !== separator || (k > 0 && classes[k - 1] !== separator));
    if (kept.at(-1) === separator) kept.pop();
    sums.set(kept.join(), (sums.get(kept.join()) ?? 0) + p);
  }
  const totals = new Map<string, number>();
  for (const [key, p] of sums) {
    const classes = key === '' ? [] : key.split(',').map(Number);
    // One labelling may be cut into the same words in several ways; it is still said once.
    const texts = new Map(readings(classes, options).map((words) => [textOf(words, classes, options), words]));
    for (const [text, words] of texts)
      totals.set(text, (totals.get(text) ?? 0) + p * Math.exp(bonus(words, classes, options)));
  }
  return new Map([...totals].map(([text, total]) => [text, Math.log(total)]));
}

function textOf(words: readonly string[] | null, classes: readonly number[], { tokens }: OracleOptions): string {
  return words === null ? classes.map((c) => tokens[c]).join('') : words.join(' ');
}

/** Every way to read the classes as words; null where words are not told apart. */
function readings(classes: readonly number[], { tokens, separator, lexicon }: OracleOptions): (string[] | null)[] {
  const names = classes.map((c) => tokens[c]!);
  const parts: string[][] = [[]];
  classes.forEach((c, k) => (c === separator ? parts.push([]) : parts.at(-1)!.push(names[k]!)));
  if (lexicon === null)
    return separator < 0 ? [null] : [parts.filter(({ length }) => length > 0).map((part) => part.join(''))];
  if (separator < 0) return cuts(names, lexicon);
  return parts
    .filter(({ length }) => length > 0)
    .reduce<string[][]>(
      (all, part) =>
        all.flatMap((words) =>
          lexicon.filter(({ spelling }) => spelling.join('\0') === part.join('\0')).map(({ word }) => [...words, word]),
        ),
      [[]],
    );
}

function cuts(names: readonly string[], lexicon: NonNullable<OracleOptions['lexicon']>): string[][] {
  if (names.length === 0) return [[]];
  return lexicon
    .filter(({ spelling }) => spelling.every((token, k) => token === names[k]))
    .flatMap(({ word, spelling }) => cuts(names.slice(spelling.length), lexicon).map((rest) => [word, ...rest]));
}

function bonus(words: readonly string[] | null, classes: readonly number[], options: OracleOptions): number {
  const { tokens, separator, model, unit, alpha, beta, unknownScore, end, hotWords } = options;
  const said = unit === 'token' ? classes.map((c) => tokens[c]!) : (words ?? []);
  let total = beta * said.length;
  if (model !== null) {
    total += alpha * model.score(said, { end });
    if (unit === 'word') total += unknownScore * said.filter((word) => model.words.index(word) < 0).length;
  }
  const spelled = classes.map((c) => (c === separator ? '\n' : tokens[c])).join('');
  const whole = separator < 0 ? spelled : `\n${spelled}\n`;
  for (const [phrase, weight] of Object.entries(hotWords)) {
    const sought = separator < 0 ? phrase : `\n${phrase.replaceAll(' ', '\n')}\n`;
    for (let at = 0; at < whole.length; at++) if (whole.startsWith(sought, at)) total += weight;
  }
  return total;
}
