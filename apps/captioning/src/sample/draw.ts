import type { Generator } from '@timestep/core';

/** Pixels of a picture's side. */
export const pictureSize = 32;

/** Colours with their `[red, green, blue]`. */
export const colors = {
  red: [220, 50, 40],
  green: [60, 180, 70],
  blue: [50, 90, 220],
  yellow: [235, 210, 60],
  purple: [150, 60, 190],
  white: [240, 240, 240],
} as const;

/** Shapes, each by whether a point belongs to it; x and y are −1 … 1 in its box, y down. */
export const shapes = {
  circle: (x: number, y: number) => x * x + y * y <= 1,
  square: (x: number, y: number) => Math.max(Math.abs(x), Math.abs(y)) <= 0.95,
  triangle: (x: number, y: number) => y <= 0.9 && y >= -1 && Math.abs(x) <= (y + 1) / 1.9,
  cross: (x: number, y: number) =>
    Math.min(Math.abs(x), Math.abs(y)) <= 0.28 && Math.max(Math.abs(x), Math.abs(y)) <= 1,
  ring: (x: number, y: number) => x * x + y * y <= 1 && x * x + y * y >= 0.3,
} as const;

/** Places in the order of reading, three to a row. */
export const places = [
  'at the top left',
  'at the top',
  'at the top right',
  'on the left',
  'in the middle',
  'on the right',
  'at the bottom left',
  'at the bottom',
  'at the bottom right',
] as const;

/** One coloured shape in a place, each by its number. */
export interface Thing {
  readonly color: number;
  readonly shape: number;
  readonly place: number;
}

const colorNames = Object.keys(colors) as (keyof typeof colors)[];
const shapeNames = Object.keys(shapes) as (keyof typeof shapes)[];

/**
 * Whether pictures of training never show this combination of colour, shape and place. Each colour, shape and place is
 * held out as often as any other.
 */
export function isHeldOut({ color, shape, place }: Thing): boolean {
  return (2 * color + shape + place) % 5 === 0;
}

/** `a red circle at the top left and a blue square in the middle`. */
export function describeThings(things: readonly Thing[]): string {
  return things
    .map(({ color, shape, place }) => `a ${colorNames[color]!} ${shapeNames[shape]!} ${places[place]!}`)
    .join(' and ');
}

/** One or two things in different places, in the order of reading; `held` says which combinations are to occur. */
export function drawThings(random: Generator, held: boolean): readonly Thing[] {
  for (;;) {
    const count = 1 + random.integer(2);
    const chosen = Array.from(random.permutation(places.length))
      .slice(0, count)
      .sort((a, b) => a - b);
    const things = chosen.map((place) => ({
      color: random.integer(colorNames.length),
      shape: random.integer(shapeNames.length),
      place,
    }));
    if (held ? things.every(isHeldOut) : !things.some(isHeldOut)) return things;
  }
}

/**
 * Paints things onto a dark ground, a little out of place, of size and of colour.
 *
 * @returns u8 `[height, width, 3]`
 */
export function paintThings(things: readonly Thing[], random: Generator): Uint8Array {
  const ground = 20 + 50 * random.uniform();
  // Millions of pixels need noise: Lehmer's generator is good enough for it, and quick.
  let noise = 1 + random.integer(2 ** 31 - 2);
  const picture = new Float32Array(pictureSize * pictureSize * 3).map(() => {
    noise = (noise * 48_271) % (2 ** 31 - 1);
    return ground + (12 * noise) / 2 ** 31;
  });
  for (const { color, shape, place } of things) {
    const radius = 4.3 + 0.8 * random.uniform();
    const jitter = (): number => random.uniform() - 0.5;
    const [x, y] = [5.33 + 10.67 * (place % 3) + jitter(), 5.33 + 10.67 * Math.floor(place / 3) + jitter()];
    const ink = colors[colorNames[color]!].map((value) => value * (0.85 + 0.15 * random.uniform()));
    paint(picture, shapes[shapeNames[shape]!], { x, y, radius, ink });
  }
  return Uint8Array.from(picture, (value) => Math.round(Math.min(255, value)));
}

/** Paints one shape; each pixel is as much covered as its 3 × 3 points are inside. */
function paint(
  picture: Float32Array,
  inside: (x: number, y: number) => boolean,
  {
    x,
    y,
    radius,
    ink,
  }: { readonly x: number; readonly y: number; readonly radius: number; readonly ink: readonly number[] },
): void {
  const range = (centre: number): readonly [number, number] => [
    Math.max(0, Math.floor(centre - radius)),
    Math.min(pictureSize - 1, Math.ceil(centre + radius)),
  ];
  const [[left, right], [top, bottom]] = [range(x), range(y)];
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      let covered = 0;
      for (let point = 0; point < 9; point++) {
        const [dx, dy] = [((point % 3) + 0.5) / 3, (Math.floor(point / 3) + 0.5) / 3];
        if (inside((column + dx - x) / radius, (row + dy - y) / radius)) covered += 1 / 9;
      }
      const at = (row * pictureSize + column) * 3;
      for (let k = 0; k < 3; k++) picture[at + k]! += covered * (ink[k]! - picture[at + k]!);
    }
  }
}
