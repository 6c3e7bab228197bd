import { expect, it } from 'vitest';
import { lagPicture } from './lag-picture.ts';

it('draws a line for each layer as far as it goes', () => {
  const svg = lagPicture([10, 20, 50], { short: [1, 0.5], long: [1, 1, 0.75] });
  for (const text of ['short', 'long', 'chance', 'lag in steps', '50']) expect(svg).toContain(`>${text}</text>`);
  const marks = (series: number) => svg.match(new RegExp(`<path[^>]* ecmeta_series_index="${series}" ecmeta_data_index="\\d" ecmeta_ssr_type="chart" class`, 'gu'))!.length;
  expect([marks(0), marks(1)]).toEqual([2, 3]);
});
