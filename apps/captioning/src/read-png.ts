import { readFile } from 'node:fs/promises';
import { decode } from 'fast-png';
import type { Picture } from './pictures.ts';
import { pictureSize } from './sample/draw.ts';

/** A picture, or what is wrong with its file. */
export type ReadPicture =
  { readonly picture: Picture; readonly error: null } | { readonly picture: null; readonly error: string };

/** Reads a PNG file of 32 × 32 pixels, grey or in colour; what is transparent becomes black. */
export async function readPng(file: string): Promise<ReadPicture> {
  const failed = (error: string): ReadPicture => ({ picture: null, error });
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch {
    return failed('cannot read the file');
  }
  let png: ReturnType<typeof decode>;
  try {
    png = decode(bytes);
  } catch (cause) {
    return failed(`not a PNG file, or a damaged one (${cause instanceof Error ? cause.message : String(cause)})`);
  }
  const { width, height, channels, data, depth, palette } = png;
  if (width !== pictureSize || height !== pictureSize)
    return failed(`expected ${pictureSize} × ${pictureSize} pixels, got ${width} × ${height}; scale the picture first`);
  if (depth < 8 && !palette) return failed(`expected 8 or 16 bits for each channel, got ${depth}; save it with 8 bits`);
  const pixels = new Uint8Array(width * height * 3);
  const scale = depth === 16 ? 1 / 257 : 1;
  for (let i = 0; i < width * height; i++) {
    // A palette's entries are [red, green, blue] or with opacity.
    const own = palette
      ? palette[data[i]!]!
      : Array.from(data.subarray(i * channels, (i + 1) * channels), (x) => x * scale);
    const isColor = own.length >= 3;
    const opacity = own.length === 4 || own.length === 2 ? own.at(-1)! / 255 : 1;
    for (let k = 0; k < 3; k++) pixels[i * 3 + k] = Math.round((isColor ? own[k]! : own[0]!) * opacity);
  }
  return { picture: { name: file, pixels, features: null, captions: [] }, error: null };
}
