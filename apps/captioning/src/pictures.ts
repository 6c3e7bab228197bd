import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@timestep/app-shared';
import { Generator } from '@timestep/core';
import { readCsv } from '@timestep/datasets';
import { describeThings, drawThings, paintThings, pictureSize } from './sample/draw.ts';

/** What the network is given of a picture: its pixels, or features that were computed from it. */
export const inputKinds = ['pixels', 'features'] as const;
export type InputKind = (typeof inputKinds)[number];

/** Numbers of a picture of each kind. */
export const inputSizes: Readonly<Record<InputKind, number>> = { pixels: pictureSize * pictureSize * 3, features: 288 };

/** A picture with the captions that people, or the program that drew it, gave it. */
export interface Picture {
  readonly name: string;
  /** u8 `[32, 32, 3]`, red, green and blue */
  readonly pixels: Uint8Array;
  /** f32 `[288]`: gradients, colours and their histogram; null where only pixels are known */
  readonly features: Float32Array | null;
  readonly captions: readonly string[];
}

/** Pictures of one part. */
export interface Pictures {
  readonly pictures: readonly Picture[];
  readonly length: number;
  /** Write captions greedily, as the validations during training do. */
  readonly quick?: boolean;
}

export const partOf = (pictures: readonly Picture[]): Pictures => ({ pictures, length: pictures.length });

/** A caption as the vocabulary has it: lower case, without punctuation. */
export function normalizeCaption(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}'’-]+/gu, ' ')
    .trim();
}

/** Pictures of coloured shapes: the validation and test parts show only combinations that training does not. */
export function drawSample(): { train: Pictures; validation: Pictures; test: Pictures } {
  const draw = (name: string, seed: number, size: number, held: boolean): Pictures => {
    const random = new Generator(seed);
    return partOf(
      Array.from({ length: size }, (_, i) => {
        const things = drawThings(random, held);
        return {
          name: `${name} ${i + 1}`,
          pixels: paintThings(things, random),
          features: null,
          captions: [describeThings(things)],
        };
      }),
    );
  };
  return {
    train: draw('training', 1, 6000, false),
    validation: draw('validation', 2, 100, true),
    test: draw('test', 3, 500, true),
  };
}

/**
 * Reads a folder with `images.csv`, `captions.tsv`, `thumbs32.u8` and `features288.f32`. Where no picture belongs to the
 * training or validation part, all of them are the test part.
 *
 * @throws UsageError for files that are missing or do not fit together; DataError for a damaged table
 */
export async function readPictures(
  folder: string,
): Promise<{ train?: Pictures; validation?: Pictures; test?: Pictures }> {
  const read = async (name: string): Promise<Buffer> =>
    readFile(join(folder, name)).catch((cause: unknown) => {
      throw new UsageError(
        `[captioning] cannot read ${join(folder, name)}; expected a folder with images.csv, captions.tsv, thumbs32.u8 and features288.f32`,
        { cause },
      );
    });
  const [thumbs, features, images, captions] = [
    await read('thumbs32.u8'),
    await read('features288.f32'),
    readCsv(await read('images.csv'), {
      name: join(folder, 'images.csv'),
      types: { file: 'text', official_split: 'text' },
    }),
    readCaptions(new TextDecoder().decode(await read('captions.tsv')), join(folder, 'captions.tsv')),
  ];
  const files = images.texts('file').map(String);
  const splits = images.texts('official_split').map(String);
  const sizes = { thumbs: thumbs.length / inputSizes.pixels, features: features.length / (4 * inputSizes.features) };
  if (sizes.thumbs !== files.length || sizes.features !== files.length)
    throw new UsageError(
      `[captioning] ${folder}: images.csv has ${files.length} pictures, thumbs32.u8 holds ${sizes.thumbs} and features288.f32 ${sizes.features}; expected as many in each`,
    );
  const numbers = new Float32Array(features.length / 4);
  for (let i = 0; i < numbers.length; i++) numbers[i] = features.readFloatLE(4 * i);
  const all = files.map((name, i): Picture => ({
    name,
    pixels: Uint8Array.from(thumbs.subarray(i * inputSizes.pixels, (i + 1) * inputSizes.pixels)),
    features: numbers.subarray(i * inputSizes.features, (i + 1) * inputSizes.features),
    captions: captions.get(i) ?? [],
  }));
  const uncaptioned = all.find((picture) => picture.captions.length === 0);
  if (uncaptioned)
    throw new UsageError(`[captioning] ${join(folder, 'captions.tsv')} has no caption for ${uncaptioned.name}`);
  const part = (names: readonly string[]): Pictures => partOf(all.filter((_, i) => names.includes(splits[i]!)));
  const parts = { train: part(['train']), validation: part(['dev', 'validation']), test: part(['test']) };
  return parts.train.length + parts.validation.length + parts.test.length > 0 ? parts : { test: partOf(all) };
}

/** The captions of each picture, from lines `row caption_no caption` separated by tabs. */
function readCaptions(text: string, name: string): Map<number, string[]> {
  const found = new Map<number, string[]>();
  text
    .trimEnd()
    .split(/\r?\n/u)
    .slice(1)
    .forEach((line, i) => {
      const [row, , caption] = line.split('\t');
      const number = Number(row);
      if (caption === undefined || !Number.isSafeInteger(number))
        throw new UsageError(`[captioning] ${name}, line ${i + 2}: expected row, caption_no and caption, got ${line}`);
      const words = normalizeCaption(caption);
      if (words !== '') found.set(number, [...(found.get(number) ?? []), words]);
    });
  return found;
}
