import { decode } from 'fast-png';
import { expect, test } from 'vitest';
import { confusionMatrix } from './confusion-matrix.ts';
import { heatMapUrl } from './heat-map.ts';
import { figures, html, page } from './html.ts';
import { lineChart, usualHighest } from './line-chart.ts';
import { ticks } from './scale.ts';

test('what is put into markup is escaped, markup is not', () => {
  const inner = html`<b>${'<script>"&\''}</b>`;
  expect(inner.markup).toBe('<b>&#60;script&#62;&#34;&#38;&#39;</b>');
  expect(html`<p>${inner}${[inner, inner]}${3}</p>`.markup).toBe(`<p>${inner.markup.repeat(3)}3</p>`);
});

test('a page needs no other file', () => {
  const text = page(
    'A & B',
    html`<h1>x</h1>
      ${figures([['3 %', 'error']])}`,
  );
  expect(text).toContain('<title>A &#38; B</title>');
  expect(text).toMatch(/^<!doctype html>/u);
  expect(text).not.toMatch(/(src|href)="(?!data:|#)/u);
});

test('ticks are round and inside', () => {
  expect(ticks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(ticks(0, 0.3)).toEqual([0, 0.1, 0.2, 0.3]);
  expect(ticks(-7, 1234)).toEqual([0, 500, 1000]);
  expect(ticks(5, 5)).toEqual([5]);
  for (const [low, high] of [
    [0.013, 0.27],
    [-3, 4],
    [99, 101],
  ] as const) {
    const marks = ticks(low, high);
    expect(marks.length).toBeGreaterThanOrEqual(2);
    expect(marks.length).toBeLessThanOrEqual(6);
    for (const mark of marks) expect(mark >= low && mark <= high).toBe(true);
  }
});

test('a heat map has a pixel for each number, low rows at the bottom', () => {
  const url = heatMapUrl(
    { values: [0, 1, 2, NaN, 4, 5], columns: 3, rows: 2 },
    {
      range: [0, 5],
      colors: [
        [0, 0, 0],
        [250, 100, 50],
      ],
    },
  );
  const { width, height, data, channels } = decode(Buffer.from(url.replace('data:image/png;base64,', ''), 'base64'));
  expect([width, height, channels]).toEqual([3, 2, 3]);
  // Column after column: the upper row is 1, NaN, 5 and the lower one 0, 2, 4.
  expect([...data].filter((_, i) => i % 3 === 0)).toEqual([50, 0, 250, 0, 100, 200]);
  expect(heatMapUrl({ values: [7, 7], columns: 2, rows: 1 })).toMatch(/^data:image\/png/u);
});

test('a line chart leaves a gap where a number is missing', () => {
  const { markup } = lineChart(
    [
      {
        name: 'loss',
        points: [
          [0, 1],
          [1, 2],
          [2, NaN],
          [3, 1],
        ],
      },
    ],
    { xLabel: 'step', yLabel: 'loss', yUnit: '%' },
  );
  const lines = [...markup.matchAll(/<path d="([^"]*)"[^>]*stroke="var\(--accent\)"/gu)].map(([, path]) => path!);
  expect(lines.join('').match(/M/gu)).toHaveLength(2);
  expect(lines.join('')).not.toContain('NaN');
  expect(markup).toContain('2%</text>');
  expect(lineChart([], { xLabel: 'x', yLabel: 'y' }).markup).not.toMatch(/NaN|Infinity/u);
});

test('the usual highest leaves out a high beginning', () => {
  expect(usualHighest([[0, 500], ...Array.from({ length: 99 }, (_, i) => [i + 1, 10 - i / 10] as const)])).toBeCloseTo(
    11,
    0,
  );
  expect(usualHighest([])).toBeGreaterThan(0);
});

test('a line chart cuts off at yMax', () => {
  const { markup } = lineChart(
    [
      {
        name: 'a',
        points: [
          [0, 1000],
          [1, 0],
        ],
      },
    ],
    { xLabel: 'x', yLabel: 'y', yMin: 0, yMax: 10 },
  );
  const [, , y] = /<path d="M([\d.]+) ([\d.]+)L[^>]*stroke="var\(--accent\)"/u.exec(markup)!;
  expect(Number(y)).toBeCloseTo(16, 0);
});

test('a confusion matrix shows its counts, right ones apart from wrong ones', () => {
  const { markup } = confusionMatrix(
    {
      rowLabels: ['0', '1'],
      columnLabels: ['0', '1', '–'],
      counts: [
        [5, 0, 1],
        [0, 0, 0],
      ],
    },
    { rows: 'given', columns: 'read' },
  );
  expect(markup.match(/>5<\/text>/gu)).toHaveLength(1);
  expect(markup).toMatch(/fill="var\(--good\)" fill-opacity="0\.73"/u);
  expect(markup).toMatch(/fill="var\(--bad\)" fill-opacity="0\.33"/u);
  expect(markup).not.toContain('NaN');
});
