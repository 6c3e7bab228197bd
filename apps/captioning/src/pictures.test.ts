import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { learnBaselines, nearestCaptions } from './baselines.ts';
import { normalizeCaption, partOf, readPictures } from './pictures.ts';
import { readPng } from './read-png.ts';
import { writeFolder } from './test-support/folder.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'timestep-captioning-'))));
afterEach(() => rmSync(folder, { recursive: true }));

describe('readPictures', () => {
  it('reads pixels, features and captions of each part', async () => {
    writeFolder(folder, ['train', 'dev', 'unassigned', 'train']);
    const { train, validation, test } = await readPictures(folder);
    expect(train!.pictures.map(({ name }) => name)).toEqual(['0.jpg', '3.jpg']);
    expect(validation!.length).toBe(1);
    expect(test!.length).toBe(0);
    const [, last] = train!.pictures;
    expect(last!.captions).toEqual(["a dog's ball no 3", 'two dogs 3']);
    expect([last!.pixels[0], last!.features![287]]).toEqual([3, 3.5]);
  });

  it('takes a folder of other pictures for a test part', async () => {
    writeFolder(folder, ['unassigned', 'unassigned']);
    const { train, test } = await readPictures(folder);
    expect([train, test!.length]).toEqual([undefined, 2]);
  });

  it('says what is missing or does not fit', async () => {
    await expect(readPictures(folder)).rejects.toThrow(/cannot read .*; expected a folder with images\.csv/u);
    writeFolder(folder, ['train', 'train']);
    writeFileSync(join(folder, 'thumbs32.u8'), new Uint8Array(3072));
    await expect(readPictures(folder)).rejects.toThrow(/has 2 pictures, thumbs32\.u8 holds 1 and features288\.f32 2/u);
    writeFolder(folder, ['train']);
    writeFileSync(join(folder, 'captions.tsv'), 'row\tcaption_no\tcaption\nx\n');
    await expect(readPictures(folder)).rejects.toThrow(/captions\.tsv, line 2: expected row, caption_no and caption/u);
  });
});

it('takes captions without upper case and punctuation', () => {
  expect(normalizeCaption('A tri-colored  Dog, running .')).toBe('a tri-colored dog running');
});

it('finds the nearest training picture and the most frequent caption', () => {
  const picture = (value: number, ...captions: string[]) => ({
    name: '',
    pixels: new Uint8Array(3072).fill(value),
    features: null,
    captions,
  });
  const baselines = learnBaselines(
    partOf([picture(10, 'a dark night', 'a dog runs'), picture(200, 'a bright day'), picture(90, 'a dog runs fast')]),
  );
  expect(nearestCaptions(baselines, [picture(180), picture(12)])).toEqual(['a bright day', 'a dark night']);
  // Each comes once, so the word pairs decide: “< a”, “a dog” and “dog runs” are the most frequent.
  expect(baselines.mostFrequent).toBe('a dog runs');
});

describe('readPng', () => {
  const write = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };

  it('reads grey and colour, with opacity and 16 bits', async () => {
    const png = (channels: 1 | 2 | 3 | 4, depth: 8 | 16, value: number) => {
      const size = 32 * 32 * channels;
      const data = depth === 16 ? new Uint16Array(size).fill(value) : new Uint8Array(size).fill(value);
      return encode({ width: 32, height: 32, channels, depth, data });
    };
    for (const [channels, depth, value, wanted] of [
      [3, 8, 77, 77],
      [1, 8, 50, 50],
      [2, 8, 51, 10],
      [4, 8, 102, 41],
      [3, 16, 65535, 255],
    ] as const) {
      const { picture } = await readPng(write('a.png', png(channels, depth, value)));
      expect(picture!.pixels).toHaveLength(3072);
      expect(new Set(picture!.pixels)).toEqual(new Set([wanted]));
    }
  });

  it('says what is wrong with a file', async () => {
    const large = encode({ width: 40, height: 32, channels: 3, depth: 8, data: new Uint8Array(3840) });
    expect((await readPng(write('b.png', large))).error).toMatch(/expected 32 × 32 pixels, got 40 × 32/u);
    expect((await readPng(write('c.png', large.subarray(0, 60)))).error).toMatch(/not a PNG file, or a damaged one/u);
    expect((await readPng(write('d.png', Buffer.from('GIF89a')))).error).toMatch(/not a PNG file/u);
    expect((await readPng(join(folder, 'none.png'))).error).toBe('cannot read the file');
  });
});
