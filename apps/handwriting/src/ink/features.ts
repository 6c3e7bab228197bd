import { UsageError } from '@timestep/app-shared';
import type { Features } from '@timestep/datasets';
import { boxOf, distance, type Ink, mapPoints, type Point, type Stroke } from './ink.ts';

/** How far two frames lie apart on the pen's path, in heights of the writing. */
export const stepLength = 0.07;
/** Features of a frame: see `inkFeatures`. */
export const featureCount = 8;

/**
 * The writing with its slope, slant and size taken out, and where it lay, so that results can be drawn over the
 * original.
 */
export function normalizeInk(ink: Ink): Ink {
  return scaled(upright(level(withoutEmpty(ink))));
}

/**
 * What the network reads, a frame for every `stepLength` of the pen's path at a size of 1: the offset from the frame
 * before (2, in steps), how the direction turned there (cosine and sine), the height over the middle (1), how far the
 * pen has got to the right of the mean of its neighbourhood (1), whether the pen was lifted on the way here (1) and how
 * far (1). Nothing says where a character ends.
 *
 * @throws UsageError for ink without a point or with a coordinate that is not finite
 */
export function inkFeatures(ink: Ink): Features {
  const points = framePoints(normalizeInk(ink));
  const size = featureCount;
  const data = new Float32Array(points.length * size);
  let [previousX, previousY] = [1, 0];
  points.forEach(({ at, lifted }, i) => {
    const before = points[Math.max(0, i - 1)]!.at;
    const [dx, dy] = [at[0] - before[0], at[1] - before[1]];
    const length = Math.hypot(dx, dy);
    const [ux, uy] = length > 0 ? [dx / length, dy / length] : [previousX, previousY];
    const near = points.slice(Math.max(0, i - neighbourhood), i + neighbourhood + 1);
    const middle = near.reduce((sum, one) => sum + one.at[0], 0) / near.length;
    const offset = lifted ? 0 : 1 / stepLength;
    data.set(
      [
        dx * offset,
        dy * offset,
        ux * previousX + uy * previousY,
        previousX * uy - previousY * ux,
        2 * at[1],
        at[0] - middle,
        lifted ? 1 : 0,
        lifted ? Math.max(-2, Math.min(2, dx)) : 0,
      ],
      i * size,
    );
    [previousX, previousY] = [ux, uy];
  });
  return { data, steps: points.length, size };
}

/** Frames to each side whose mean a frame's place is told from: about a character's worth of path. */
const neighbourhood = 12;

interface FramePoint {
  readonly at: Point;
  /** The pen was up on the way here */
  readonly lifted: boolean;
}

/** Points `stepLength` apart along each stroke, its first and last included; a dot is one point. */
export function framePoints(ink: Ink): FramePoint[] {
  return ink.flatMap((stroke) => {
    const points: FramePoint[] = [{ at: stroke[0]!, lifted: true }];
    let rest = stepLength;
    for (let i = 1; i < stroke.length; i++) {
      const [from, to] = [stroke[i - 1]!, stroke[i]!];
      const length = distance(from, to);
      for (; rest <= length; rest += stepLength) points.push({ at: mix(from, to, rest / length), lifted: false });
      rest -= length;
    }
    const last = stroke.at(-1)!;
    if (distance(points.at(-1)!.at, last) > stepLength / 2) points.push({ at: last, lifted: false });
    return points;
  });
}

function mix([ax, ay]: Point, [bx, by]: Point, share: number): Point {
  return [ax + share * (bx - ax), ay + share * (by - ay)];
}

function withoutEmpty(ink: Ink): Stroke[] {
  const strokes = ink.filter((stroke) => stroke.length > 0);
  if (strokes.length === 0)
    throw new UsageError('[ink] expected strokes with at least one point, got none; draw something first');
  for (const [x, y] of strokes.flat()) {
    if (!Number.isFinite(x) || !Number.isFinite(y))
      throw new UsageError(`[ink] expected finite coordinates, got (${x}, ${y}); look for a gap in the recording`);
  }
  return strokes;
}

/**
 * Turns a line of writing that climbs or falls to the horizontal: by least squares, where it is much wider than high.
 */
function level(ink: Ink): Ink {
  const box = boxOf(ink)!;
  if (!(box.right - box.left > 1.6 * (box.top - box.bottom))) return ink;
  const points = ink.flat();
  const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [mx, my] = [mean(0), mean(1)];
  const slope =
    points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  const [cos, sin] = [1 / Math.hypot(1, slope), slope / Math.hypot(1, slope)];
  return mapPoints(ink, ([x, y]) => [cos * x + sin * y, cos * y - sin * x]);
}

/** Shears the writing so that its steep parts stand upright on average. */
function upright(ink: Ink): Ink {
  let [along, up] = [0, 0];
  for (const stroke of ink) {
    for (let i = 1; i < stroke.length; i++) {
      const [dx, dy] = [stroke[i]![0] - stroke[i - 1]![0], stroke[i]![1] - stroke[i - 1]![1]];
      if (Math.abs(dy) > 0.8 * Math.abs(dx)) {
        along += dx * Math.sign(dy);
        up += Math.abs(dy);
      }
    }
  }
  const shear = up > 0 ? Math.max(-0.7, Math.min(0.7, along / up)) : 0;
  return mapPoints(ink, ([x, y]) => [x - shear * y, y]);
}

/** Moves the middle of the writing to the origin and makes it 1 high; a level line is scaled by its length. */
function scaled(ink: Ink): Ink {
  const { left, right, bottom, top } = boxOf(ink)!;
  const size = Math.max(top - bottom, 0.15 * (right - left)) || 1;
  return mapPoints(ink, ([x, y]) => [(x - left) / size, (y - (bottom + top) / 2) / size]);
}
