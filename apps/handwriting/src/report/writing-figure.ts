import { ember, type Html, heatMapImage, html, type Reading, softmaxRows } from '@timestep/app-shared';
import { ctcAlign } from '@timestep/ctc';
import type { Writing } from '../data/strings.ts';
import { framePoints, normalizeInk } from '../ink/features.ts';
import { boxOf } from '../ink/ink.ts';

const width = 920;
const left = 40;
const inkHeight = 120;
const row = 16;
/** One for each letter in turn: its ink and its place in time have the same. */
const letterColors = ['var(--accent)', 'var(--second)', 'var(--good)', '#9a5bd0', '#c9a227'];

/**
 * One writing, three times under one another: the ink, with the part read as each letter in a colour of its own; the
 * probabilities of its letters and the blank over the time of writing; and the letters where the best alignment has
 * them.
 */
export function writingFigure(
  { text, ink }: Writing,
  reading: Reading,
  { alphabet, stride }: { readonly alphabet: readonly string[]; readonly stride: number },
): Html {
  // Class 0 is CTC's blank.
  const classes = alphabet.length + 1;
  const read = reading.labels.map((label) => alphabet[label]!);
  const spans =
    reading.labels.length > 0
      ? ctcAlign({ data: reading.logits, shape: [reading.steps, classes] }, [
          reading.labels.map((label) => label + 1),
        ])[0]!.tokens
      : [];
  // Letters share the time between their spans: the blank in the middle belongs to neither.
  const ends = spans.map(({ end }, i) => (i + 1 < spans.length ? (end + spans[i + 1]!.start) / 2 : reading.steps));
  const letterAt = (step: number) =>
    Math.max(
      0,
      ends.findIndex((end) => step < end),
    );
  const color = (letter: number) => letterColors[letter % letterColors.length]!;
  const rows = ['blank', ...new Set(read)];
  const probabilities = softmaxRows(reading.logits, classes);
  const values = new Float32Array(reading.steps * rows.length);
  rows.forEach((letter, r) => {
    const index = r === 0 ? 0 : alphabet.indexOf(letter) + 1;
    for (let step = 0; step < reading.steps; step++)
      values[step * rows.length + r] = probabilities[step * classes + index]!;
  });
  const top = inkHeight + 44;
  const bottom = top + rows.length * row;
  const x = (step: number) => Math.round((left + (step / reading.steps) * (width - left - 10)) * 10) / 10;
  return html`<svg
    viewBox="0 0 ${width} ${bottom + 46}"
    width="${width}"
    role="img"
    aria-label="ink, posteriors and letters"
  >
    <text x="${left}" y="14" style="font-size: 13px; fill: var(--ink)">
      written ${text} · read ${read.join('') || 'nothing'}
    </text>
    ${inkPaths({ text, ink }, stride, (step) => (spans.length > 0 ? color(letterAt(step)) : 'var(--soft)'))}
    ${heatMapImage({ values, columns: reading.steps, rows: rows.length }, { x: left, y: top, width: x(reading.steps) - left, height: rows.length * row }, { range: [0, 1], colors: ember })}
    ${rows.map((letter, r) => html`<text x="${left - 6}" y="${bottom - r * row - 4}" text-anchor="end">${letter}</text>`)}
    ${spans.map(({ start, end }, i) => html`<rect x="${x(start)}" y="${bottom + 8}" width="${Math.max(4, x(end) - x(start))}" height="22" rx="4" fill="${color(i)}" fill-opacity="0.3" stroke="${color(i)}" /><text x="${(x(start) + x(end)) / 2}" y="${bottom + 24}" text-anchor="middle" style="font-size: 14px; font-weight: 600; fill: var(--ink)">${read[i]!}</text>`)}
    <text x="${left}" y="${bottom + 43}">time of writing →</text>
  </svg>`;
}

/** The strokes as lines between the frames that the network read, each in the colour of its step. */
function inkPaths({ ink }: Writing, stride: number, colorOf: (step: number) => string): Html[] {
  const normal = normalizeInk(ink);
  const box = boxOf(normal)!;
  const scale = Math.min(inkHeight / (box.top - box.bottom || 1), (width - left - 10) / (box.right - box.left || 1));
  const place = ([x, y]: readonly [number, number]) =>
    `${(left + (x - box.left) * scale).toFixed(1)} ${(26 + (box.top - y) * scale).toFixed(1)}`;
  const points = framePoints(normal);
  const runs: { color: string; path: string }[] = [];
  points.forEach(({ at, lifted }, i) => {
    const color = colorOf(Math.floor(i / stride));
    const last = runs.at(-1);
    // A dot is a line of no length; its round ends show it.
    if (lifted || !last) runs.push({ color, path: `M${place(at)}L${place(at)}` });
    else if (last.color !== color) runs.push({ color, path: `M${place(points[i - 1]!.at)}L${place(at)}` });
    else last.path += `L${place(at)}`;
  });
  return runs.map(
    ({ color, path }) =>
      html`<path
        d="${path}"
        fill="none"
        stroke="${color}"
        stroke-width="2.6"
        stroke-linecap="round"
        stroke-linejoin="round"
      />`,
  );
}
