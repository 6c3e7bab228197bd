import { encode } from 'fast-png';
import { type Html, html } from './html.ts';

/** A table of numbers to be shown as colours. */
export interface HeatMapData {
  /** `[columns, rows]`: column after column, as a spectrogram has its frames */
  readonly values: ArrayLike<number>;
  readonly columns: number;
  readonly rows: number;
}

/** Colours from low to high, each `[red, green, blue]`; between them they are mixed. */
export type ColorMap = readonly (readonly [number, number, number])[];

/** Dark to light with even steps in lightness, so that it reads the same in grey. */
export const ember: ColorMap = [
  [10, 10, 28],
  [59, 20, 86],
  [133, 33, 107],
  [203, 65, 73],
  [244, 137, 40],
  [250, 214, 98],
  [252, 253, 220],
];

export interface HeatMapOptions {
  /** The values that take the first and the last colour; the smallest and largest by default */
  readonly range?: readonly [low: number, high: number];
  readonly colors?: ColorMap;
}

/**
 * The numbers as a PNG inside a data URL, a pixel for each, row 0 at the bottom. A NaN is shown as the lowest value.
 */
export function heatMapUrl(
  { values, columns, rows }: HeatMapData,
  { range, colors = ember }: HeatMapOptions = {},
): string {
  const [low, high] = range ?? extent(values);
  const data = new Uint8Array(columns * rows * 3);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      const share = (values[column * rows + row]! - low) / (high - low || 1);
      data.set(
        colorAt(colors, Number.isNaN(share) ? 0 : Math.max(0, Math.min(1, share))),
        ((rows - 1 - row) * columns + column) * 3,
      );
    }
  }
  const png = encode({ width: columns, height: rows, data, channels: 3, depth: 8 });
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}

/** An `<image>` for an SVG that fills a rectangle with sharp pixels. */
export function heatMapImage(
  map: HeatMapData,
  box: { x: number; y: number; width: number; height: number },
  options?: HeatMapOptions,
): Html {
  return html`<image
    x="${box.x}"
    y="${box.y}"
    width="${box.width}"
    height="${box.height}"
    preserveAspectRatio="none"
    style="image-rendering: pixelated"
    href="${heatMapUrl(map, options)}"
  />`;
}

function colorAt(colors: ColorMap, share: number): number[] {
  const place = share * (colors.length - 1);
  const index = Math.min(colors.length - 2, Math.floor(place));
  return colors[index]!.map((value, i) => Math.round(value + (place - index) * (colors[index + 1]![i]! - value)));
}

function extent(values: ArrayLike<number>): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  return low <= high ? [low, high] : [0, 1];
}
