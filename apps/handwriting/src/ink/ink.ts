/** A point of a pen's path; x to the right, y upwards. */
export type Point = readonly [x: number, y: number];

/** The points that the pen drew between two lifts, in the order of drawing. */
export type Stroke = readonly Point[];

/** Strokes in the order of drawing. */
export type Ink = readonly Stroke[];

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

/** The box around ink; null without points. */
export function boxOf(ink: Ink): Box | null {
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const stroke of ink) {
    for (const [x, y] of stroke) {
      left = Math.min(left, x);
      right = Math.max(right, x);
      bottom = Math.min(bottom, y);
      top = Math.max(top, y);
    }
  }
  return left <= right ? { left, right, bottom, top } : null;
}

export function mapPoints(ink: Ink, change: (point: Point) => Point): Ink {
  return ink.map((stroke) => stroke.map(change));
}

export function distance([ax, ay]: Point, [bx, by]: Point): number {
  return Math.hypot(bx - ax, by - ay);
}
