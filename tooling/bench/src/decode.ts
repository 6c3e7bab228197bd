import { ctcAlign, CTCBeamDecoder, readArpa } from '@timestep/ctc';
import { median } from './statistics.ts';
import { value } from './values.ts';

/** A decoding job of the `decode` group: one thread of the host, no backend. */
export interface DecodeRow {
  readonly name: string;
  /** Median of the runs */
  readonly milliseconds: number;
  readonly perSecond: number;
}

const letters = [...'abcdefghijklmnopqrstuvwxyz'];
const tokens = ['', ' ', ...letters, "'", '.', ',', '-'];
const [frames, classes] = [500, tokens.length];

/** Uniform numbers in [0, 1), a new one at each call. */
function uniform(seed: number): () => number {
  let i = 0;
  return () => value(i++, seed) + 0.5;
}

function wordsOf(count: number, random: () => number): string[] {
  const words = new Set<string>();
  while (words.size < count)
    words.add(Array.from({ length: 2 + Math.floor(7 * random()) }, () => letters[Math.floor(26 * random())]!).join(''));
  return [...words];
}

/** An ARPA file of random n-grams over the words; `counts[k]` are those of order k + 1. */
export function arpaText(words: readonly string[], counts: readonly number[], random: () => number): string {
  const pick = (): string => words[Math.floor(words.length * random())]!;
  const sections = counts.map((count, k) => {
    const grams = new Set<string>(k === 0 ? ['<s>', '</s>', '<unk>', ...words.slice(0, count - 3)] : []);
    while (grams.size < count) grams.add(Array.from({ length: k + 1 }, pick).join(' '));
    return [...grams].map(
      (gram) =>
        `-${(0.3 + 3 * random()).toFixed(4)}\t${gram}${k < counts.length - 1 ? `\t-${random().toFixed(4)}` : ''}`,
    );
  });
  const head = sections.map((section, k) => `ngram ${k + 1}=${section.length}`).join('\n');
  return `\\data\\\n${head}\n\n${sections.map((section, k) => `\\${k + 1}-grams:\n${section.join('\n')}\n`).join('\n')}\n\\end\\\n`;
}

/** Logits such as a half-trained network gives: of each character of a text a frame or two, noise between. */
function logitsOf(words: readonly string[], random: () => number): Float32Array {
  const text = Array.from({ length: 14 }, () => words[Math.floor(words.length * random())]!)
    .join(' ')
    .slice(0, 80);
  const data = Float32Array.from({ length: frames * classes }, () => 2.4 * (random() + random() + random() - 1.5));
  const favour = (frame: number, token: number): void => {
    data[frame * classes + token]! += 4;
  };
  const spoken = new Map(
    [...text].map(
      (character, i) => [Math.floor(((i + 0.5) * frames) / text.length), tokens.indexOf(character)] as const,
    ),
  );
  for (let frame = 0; frame < frames; frame++) favour(frame, spoken.get(frame) ?? 0);
  return data;
}

function row(name: string, runs: number, body: (k: number) => void): DecodeRow {
  body(0);
  const times = Array.from({ length: runs }, (_, k) => {
    const start = performance.now();
    body(k);
    return performance.now() - start;
  });
  const milliseconds = median(times);
  return { name, milliseconds, perSecond: 1000 / milliseconds };
}

/** Prefix beam search at T 500, C 32, beam 100; alignment at T 3,000, L 400; an ARPA file of a million n-grams. */
export function measureDecoding(onRow: (row: DecodeRow) => void): DecodeRow[] {
  const random = uniform(5);
  const words = wordsOf(20_000, random);
  const utterances = Array.from({ length: 8 }, () => ({ data: logitsOf(words, random), shape: [frames, classes] }));
  const wordModel = readArpa(arpaText(words, [20_003, 100_000, 100_000], random));
  const spelled = tokens.map((token) => (token === ' ' ? '<space>' : token));
  const characterModel = readArpa(arpaText(spelled.slice(1), [classes + 2, 600, 2000], random));
  const decoders = {
    'no model': new CTCBeamDecoder({ tokens }),
    'characters, 3-gram': new CTCBeamDecoder({
      tokens: spelled,
      languageModel: characterModel,
      unit: 'token',
      alpha: 0.5,
      beta: 0.5,
    }),
    'words, 3-gram': new CTCBeamDecoder({ tokens, wordSeparator: ' ', languageModel: wordModel, alpha: 0.5, beta: 1 }),
    'words, 3-gram, lexicon': new CTCBeamDecoder({
      tokens,
      wordSeparator: ' ',
      languageModel: wordModel,
      lexicon: words,
      alpha: 0.5,
      beta: 1,
    }),
  };
  const rows: DecodeRow[] = [];
  const add = (one: DecodeRow): void => {
    rows.push(one);
    onRow(one);
  };
  for (const [name, decoder] of Object.entries(decoders)) {
    add(
      row(
        `beam search, T 500, C 32, beam 100: ${name}`,
        16,
        (k) => void decoder.decode(utterances[k % utterances.length]!),
      ),
    );
  }
  const long = { data: Float32Array.from({ length: 3000 * 32 }, () => 4 * random()), shape: [3000, 32] };
  const target = Array.from({ length: 400 }, () => 1 + Math.floor(31 * random()));
  add(row('alignment, T 3,000, L 400', 16, () => void ctcAlign(long, [target])));
  const file = new TextEncoder().encode(arpaText(wordsOf(50_000, random), [50_003, 400_000, 550_000], random));
  add(row(`an ARPA file of 1,000,003 n-grams, ${(file.length / 1e6).toFixed(0)} MB`, 3, () => void readArpa(file)));
  return rows;
}

export function formatDecoding({ name, milliseconds, perSecond }: DecodeRow): string {
  return `${name.padEnd(64)} ${milliseconds.toFixed(1).padStart(8)} ms ${perSecond.toFixed(1).padStart(7)} a second`;
}
