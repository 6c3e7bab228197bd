import hershey from 'hersheytext';
import { boxOf, type Ink, mapPoints, type Point } from './ink.ts';

/**
 * The single-line fonts of `hersheytext` that look like handwriting: strokes along the middle of a line, not outlines.
 */
export const fontNames = [
  'futural',
  'scripts',
  'cursive',
  'ems_allure',
  'ems_elfin',
  'ems_felix',
  'ems_nixish',
  'ems_nixish_italic',
  'ems_osmotron',
  'ems_readability',
  'ems_readability_italic',
  'ems_tech',
  'hershey_sans_1',
  'hershey_script_1',
] as const;
export type FontName = (typeof fontNames)[number];

/** The strokes of a character, 1 high for a capital letter, on the base line y = 0, with x = 0 at its left edge. */
export interface Glyph {
  readonly ink: Ink;
  readonly width: number;
}

/** Every character that is written: ten digits, 26 capital and 26 small letters. */
export const characters = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'];

const loaded = new Map<FontName, ReadonlyMap<string, Glyph>>();

/** The glyphs of a font for all `characters`; read once. */
export function readFont(name: FontName): ReadonlyMap<string, Glyph> {
  const known = loaded.get(name);
  if (known) return known;
  const font = hershey.getFontData(name);
  // The fonts of 1967 have y downwards, those from SVG files upwards.
  const up = font.type === 'svg' ? 1 : -1;
  const inks = new Map(
    characters.map((character) => [
      character,
      mapPoints(parsePath(font.getChar(character)?.d ?? ''), ([x, y]) => [x, up * y]),
    ]),
  );
  // A capital H has the height of a capital and starts at the base line.
  const { bottom, top } = boxOf(inks.get('H')!)!;
  const glyphs = new Map<string, Glyph>();
  for (const [character, ink] of inks) {
    const { left, right } = boxOf(ink)!;
    glyphs.set(character, {
      ink: mapPoints(ink, ([x, y]) => [(x - left) / (top - bottom), (y - bottom) / (top - bottom)]),
      width: (right - left) / (top - bottom),
    });
  }
  loaded.set(name, glyphs);
  return glyphs;
}

/** The strokes of an SVG path of moves, lines and cubic curves in absolute coordinates, all that these fonts have. */
export function parsePath(path: string): Ink {
  const strokes: Point[][] = [];
  for (const [, command, text] of path.matchAll(/([MLC])([^MLC]*)/gu)) {
    const numbers = [...text!.matchAll(/-?[\d.]+(?:e-?\d+)?/gu)].map(([number]) => Number(number));
    const points = Array.from({ length: Math.floor(numbers.length / 2) }, (_, i): Point => [
      numbers[2 * i]!,
      numbers[2 * i + 1]!,
    ]);
    if (command === 'M') strokes.push(points);
    else if (command === 'L') strokes.at(-1)?.push(...points);
    else
      for (let i = 0; i + 2 < points.length; i += 3)
        strokes.at(-1)?.push(...curve(strokes.at(-1)!.at(-1)!, points[i]!, points[i + 1]!, points[i + 2]!));
  }
  return strokes.filter((stroke) => stroke.length > 0);
}

function curve(a: Point, b: Point, c: Point, d: Point): Point[] {
  return Array.from({ length: 6 }, (_, i) => {
    const t = (i + 1) / 6;
    const at = (axis: 0 | 1) =>
      (1 - t) ** 3 * a[axis] + 3 * (1 - t) ** 2 * t * b[axis] + 3 * (1 - t) * t * t * c[axis] + t ** 3 * d[axis];
    return [at(0), at(1)];
  });
}
