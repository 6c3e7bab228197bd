import { words } from '@timestep/datasets';

const orders = [1, 2, 3, 4];
const sigma = 6;

/**
 * CIDEr-D of captions (Vedantam, Zitnick and Parikh 2015): n-grams of 1 … 4 words weigh by how few pictures have them in
 * their references, tf·ln(N/df). A caption is compared with each reference by the cosine of these vectors, an n-gram
 * counted at most as often as in the reference, times exp(−(difference of the lengths)²/72); ten times the mean over
 * orders and references.
 *
 * @param captions one for each picture
 * @param references the references of each picture, at least one
 * @returns the mean over the pictures, 0 … 10; with one picture every n-gram weighs ln 1, so it is 0
 */
export function cider(captions: readonly string[], references: readonly (readonly string[])[]): number {
  const counted = references.map((texts) => texts.map(countGrams));
  const frequency = new Map<string, number>();
  for (const grams of counted)
    for (const gram of new Set(grams.flatMap((counts) => [...counts.keys()])))
      frequency.set(gram, (frequency.get(gram) ?? 0) + 1);
  const total = Math.log(references.length);
  const weigh = (gram: string, count: number): number =>
    count * (total - Math.log(Math.max(1, frequency.get(gram) ?? 0)));
  const scores = captions.map((caption, i) => {
    const own = countGrams(caption);
    const each = counted[i]!.map((reference, k) => {
      const difference = words(caption).length - words(references[i]![k]!).length;
      return compare(own, reference, weigh) * Math.exp(-(difference ** 2) / (2 * sigma ** 2));
    });
    return (10 * each.reduce((a, b) => a + b, 0)) / each.length;
  });
  return scores.reduce((a, b) => a + b, 0) / scores.length;
}

type Counts = ReadonlyMap<string, number>;

/** The mean over the orders of the cosine, with clipped counts above and true lengths below. */
function compare(own: Counts, reference: Counts, weigh: (gram: string, count: number) => number): number {
  const [dot, a, b] = [0, 1, 2].map(() => orders.map(() => 0));
  for (const [gram, count] of own) {
    const order = orderOf(gram);
    const [one, other] = [weigh(gram, count), weigh(gram, reference.get(gram) ?? 0)];
    dot![order]! += Math.min(one, other) * other;
    a![order]! += one * one;
  }
  for (const [gram, count] of reference) b![orderOf(gram)]! += weigh(gram, count) ** 2;
  const cosines = dot!.map((value, k) => (a![k]! > 0 && b![k]! > 0 ? value / Math.sqrt(a![k]! * b![k]!) : 0));
  return cosines.reduce((x, y) => x + y, 0) / orders.length;
}

const orderOf = (gram: string): number => gram.split(' ').length - 1;

function countGrams(text: string): Map<string, number> {
  const tokens = words(text);
  const counts = new Map<string, number>();
  for (const n of orders) {
    for (let i = 0; i + n <= tokens.length; i++) {
      const gram = tokens.slice(i, i + n).join(' ');
      counts.set(gram, (counts.get(gram) ?? 0) + 1);
    }
  }
  return counts;
}
