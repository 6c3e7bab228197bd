/** One synthetic speaker: an English base voice of espeak-ng under one of its voice variants. */
export interface Speaker {
  /** As in the file names: `{digit}_{name}_{index}.wav` */
  readonly name: string;
  /** The base voice, an accent with its own phonemes */
  readonly base: string;
  /** The variant, which sets pitch range, formants and voice quality */
  readonly variant: string;
  readonly split: 'train' | 'test';
}

/** One way of saying all ten digits. */
export interface Rendition {
  /** Words a minute */
  readonly speed: number;
  /** espeak-ng's scale of 0 … 99; 50 is the voice's own */
  readonly pitch: number;
}

/**
 * Neither a base voice nor a variant is in both splits, so a test speaker shares nothing with a training speaker but
 * the synthesiser. Variants that whisper, croak or imitate a robot are left out.
 */
const casting: readonly {
  readonly split: 'train' | 'test';
  readonly base: string;
  readonly short: string;
  readonly variants: readonly string[];
}[] = [
  { split: 'train', base: 'en-gb', short: 'gb', variants: ['m1', 'f1', 'Andy', 'Annie'] },
  { split: 'train', base: 'en-us', short: 'us', variants: ['m2', 'f2', 'Alicia', 'david'] },
  { split: 'train', base: 'en-gb-x-rp', short: 'rp', variants: ['m3', 'f4', 'Hugo', 'linda'] },
  { split: 'train', base: 'en-gb-x-gbclan', short: 'lancaster', variants: ['m5', 'steph', 'Denis', 'ed'] },
  { split: 'train', base: 'en-gb-x-gbcwmd', short: 'midlands', variants: ['m7', 'belinda', 'Gene'] },
  { split: 'train', base: 'en-029', short: 'caribbean', variants: ['Michael', 'Andrea', 'travis'] },
  { split: 'test', base: 'en-gb-scotland', short: 'scotland', variants: ['m4', 'f3', 'Diogo'] },
  { split: 'test', base: 'en-us-nyc', short: 'newyork', variants: ['m6', 'f5', 'aunty'] },
];

export const speakers: readonly Speaker[] = casting.flatMap(({ split, base, short, variants }) =>
  variants.map((variant) => ({ name: `${short}-${variant.toLowerCase()}`, base, variant, split })),
);

export const digits = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'] as const;

/** Slow and low, middling, fast and high; shifted a little from speaker to speaker, as nobody keeps a metronome. */
export function renditionsOf(speakerIndex: number): readonly Rendition[] {
  const shift = (speakerIndex % 5) - 2;
  return [
    { speed: 150 + 4 * shift, pitch: 38 - 2 * shift },
    { speed: 180 + 4 * shift, pitch: 50 + 3 * shift },
    { speed: 215 + 5 * shift, pitch: 64 - 2 * shift },
  ];
}

/**
 * The index in the file names carries the split: 0 … 4 is the test part of a folder in the layout of the Free Spoken
 * Digit Dataset, so test speakers have 0 … 2 and training speakers 5 … 7.
 */
export function firstIndex(split: 'train' | 'test'): number {
  return split === 'test' ? 0 : 5;
}
