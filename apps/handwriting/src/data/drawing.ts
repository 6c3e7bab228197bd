import type { RandomSource } from '@timestep/datasets';
import { distance, type Ink, mapPoints, type Point, type Stroke } from '../ink/ink.ts';
import { type FontName, fontNames, readFont } from '../ink/fonts.ts';

/** Space between two characters, in widths of the one before, drawn uniformly from here. */
export const gapRange = [0, 0.3] as const;
/** The least width that a gap is measured in, in heights: that of a slim letter. */
const leastWidth = 0.25;

/**
 * Writes text as a person might: in one of the single-line fonts, with a slant, width, size and slope of their own, the
 * letters spaced, turned and sized a little differently each time, all of it bent by smooth waves, and with a hand that
 * trembles. The points are as a tablet gives them: evenly spaced in time, and so close together in curves.
 */
export function drawText(
  text: string,
  random: RandomSource,
  font: FontName = fontNames[random.integer(fontNames.length)]!,
): Ink {
  const glyphs = readFont(font);
  const style = {
    slant: random.normal(0.1, 0.2),
    width: random.uniform(0.75, 1.3),
    loose: random.uniform(0, 0.06),
    turn: random.uniform(0, 0.08),
  };
  let x = 0;
  const ink: Stroke[] = [];
  for (const character of text) {
    const glyph = glyphs.get(character)!;
    const [sx, sy] = [style.width * (1 + random.normal(0, style.loose)), 1 + random.normal(0, style.loose)];
    const [angle, rise] = [random.normal(0, style.turn), random.normal(0, style.loose / 2)];
    const middle = glyph.width / 2;
    const placed = mapPoints(glyph.ink, ([gx, gy]): Point => {
      const [px, py] = [sx * (gx - middle), sy * (gy - 0.4)];
      return [
        x + sx * middle + px * Math.cos(angle) - py * Math.sin(angle),
        0.4 + rise + px * Math.sin(angle) + py * Math.cos(angle),
      ];
    });
    ink.push(...placed);
    x += sx * glyph.width + random.uniform(...gapRange) * Math.max(leastWidth, sx * glyph.width);
  }
  const smooth = ink.map((stroke) => rounded(stroke, 1 + random.integer(3)));
  const bent = bend(smooth, random);
  const [slope, size] = [random.normal(0, 0.06), random.uniform(50, 400)];
  const sheared = mapPoints(bent, ([px, py]) => [size * (px + style.slant * py), size * (py + slope * px)]);
  return handMoved(sheared, size, random);
}

/** Cuts the corners of a stroke several times (Chaikin 1974); straight lines keep their ends. */
function rounded(stroke: Stroke, times: number): Stroke {
  let points = stroke;
  for (let i = 0; i < times && points.length > 2; i++) {
    points = [
      points[0]!,
      ...points.slice(1).flatMap(([bx, by], at): Point[] => {
        const [ax, ay] = points[at]!;
        return [
          [0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by],
          [0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by],
        ];
      }),
      points.at(-1)!,
    ];
  }
  return points;
}

/** Moves every point by two smooth waves across the writing. */
export function bend(ink: Ink, random: RandomSource, strength = 0.05): Ink {
  const waves = Array.from({ length: 4 }, () => ({
    angle: random.uniform(0, 2 * Math.PI),
    rate: random.uniform(1, 5),
    phase: random.uniform(0, 2 * Math.PI),
    dx: random.normal(0, strength),
    dy: random.normal(0, strength),
  }));
  return mapPoints(ink, ([x, y]) => {
    let [mx, my] = [x, y];
    for (const { angle, rate, phase, dx, dy } of waves) {
      const height = Math.sin(rate * (x * Math.cos(angle) + y * Math.sin(angle)) + phase);
      mx += dx * height;
      my += dy * height;
    }
    return [mx, my];
  });
}

/**
 * Points evenly spaced in time along each stroke, by a hand of some speed that slows down where the path turns, and
 * trembles.
 */
function handMoved(ink: Ink, size: number, random: RandomSource): Ink {
  const speed = size * random.uniform(0.04, 0.12);
  const tremble = size * random.uniform(0, 0.012);
  return ink.map((stroke) => {
    const points: Point[] = [stroke[0]!];
    let due = speed;
    for (let i = 1; i < stroke.length; i++) {
      const [from, to, next] = [stroke[i - 1]!, stroke[i]!, stroke[i + 1] ?? stroke[i]!];
      const length = distance(from, to);
      const turn = Math.abs(
        Math.atan2(
          (to[0] - from[0]) * (next[1] - to[1]) - (to[1] - from[1]) * (next[0] - to[0]),
          (to[0] - from[0]) * (next[0] - to[0]) + (to[1] - from[1]) * (next[1] - to[1]),
        ),
      );
      let at = due;
      for (; at < length; at += speed / (1 + turn))
        points.push([from[0] + (at / length) * (to[0] - from[0]), from[1] + (at / length) * (to[1] - from[1])]);
      due = at - length;
    }
    points.push(stroke.at(-1)!);
    return points.map(([x, y]): Point => [x + random.normal(0, tremble), y + random.normal(0, tremble)]);
  });
}
