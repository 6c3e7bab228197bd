import { ember, type Html, heatMapImage, html, type Reading, softmaxRows, ticks } from '@timestep/app-shared';
import { createLogMel } from '@timestep/datasets';
import type { FeatureOptions } from '../data/features.ts';
import type { Utterance } from '../data/utterances.ts';
import { digitNames } from '../evaluation.ts';

/** Class 0 is CTC's blank, class d + 1 the digit d. */
const classes = digitNames.length + 1;
const width = 920;
const left = 64;
const right = 12;
const spectrogram = { y: 34, height: 190 };
const posterior = { y: 248, row: 15 };
const alignment = { y: posterior.y + classes * posterior.row + 14, height: 26 };
const axis = alignment.y + alignment.height + 18;

/**
 * One utterance from the sound to the digits, over one time axis: the spectrogram, the network's probabilities of every
 * class under it, and under those which steps were read as which digit.
 */
export function utteranceFigure(
  { samples, digits }: Utterance,
  reading: Reading,
  { features, stride }: { readonly features: FeatureOptions; readonly stride: number },
): Html {
  const seconds = samples.length / features.sampleRate;
  const x = (at: number) => Math.round((left + (at / seconds) * (width - left - right)) * 10) / 10;
  const probabilities = softmaxRows(reading.logits, classes);
  const stepSeconds = stride * features.hopSeconds;
  const end = Math.min(seconds, reading.steps * stepSeconds);
  // Each network step covers the frames around its middle one.
  const stepStart = (step: number) => Math.max(0, Math.min(end, step * stepSeconds));
  const box = { x: left, y: posterior.y, width: x(end) - left, height: classes * posterior.row };
  const labels = ['blank', ...digitNames];
  return html`<svg
    viewBox="0 0 ${width} ${axis + 22}"
    width="${width}"
    role="img"
    aria-label="spectrogram, posteriors and alignment of one utterance"
  >
    <text x="${left}" y="20" style="font-size: 13px; fill: var(--ink)">
      spoken ${digits.join(' ')} · read ${reading.labels.join(' ') || 'nothing'}
    </text>
    ${spectrogramImage(samples, features, { x: left, ...spectrogram, width: width - left - right })}
    ${[0, 1, 2, 3, 4].map((kilohertz) => html`<text x="${left - 6}" y="${frequencyY(kilohertz * 1000, features) + 4}" text-anchor="end">${kilohertz} kHz</text>`)}
    ${heatMapImage({ values: probabilities, columns: reading.steps, rows: classes }, box, { range: [0, 1], colors: ember })}
    ${labels.map((label, row) => html`<text x="${left - 6}" y="${posterior.y + (classes - row) * posterior.row - 4}" text-anchor="end">${label}</text>`)}
    ${reading.spans.map(([start, stop], i) => {
      const [from, to] = [x(stepStart(start)), x(stepStart(stop))];
      const middle = Math.round((from + to) * 5) / 10;
      return html`<line
          x1="${middle}"
          x2="${middle}"
          y1="${posterior.y + classes * posterior.row}"
          y2="${alignment.y}"
          stroke="var(--soft)"
        /><rect
          x="${from}"
          y="${alignment.y}"
          width="${Math.max(12, to - from)}"
          height="${alignment.height}"
          rx="4"
          fill="var(--accent)"
          fill-opacity="0.25"
          stroke="var(--accent)"
        /><text
          x="${middle}"
          y="${alignment.y + 18}"
          text-anchor="middle"
          style="font-size: 14px; font-weight: 600; fill: var(--ink)"
          >${reading.labels[i]!}</text
        >`;
    })}
    <text x="${left - 6}" y="${alignment.y + 17}" text-anchor="end">read</text>
    ${ticks(0, seconds).map((at) => html`<line x1="${x(at)}" x2="${x(at)}" y1="${axis - 8}" y2="${axis - 3}" stroke="var(--soft)" /><text x="${x(at)}" y="${axis + 10}" text-anchor="middle">${at} s</text>`)}
  </svg>`;
}

function spectrogramImage(
  samples: Float32Array,
  { sampleRate }: FeatureOptions,
  box: { x: number; y: number; width: number; height: number },
): Html {
  const { data, steps, size } = createLogMel({
    sampleRate,
    bands: 64,
    windowSeconds: 0.03,
    hopSeconds: 0.005,
    floor: 1e-7,
  })(samples);
  const sorted = Float32Array.from(data).sort();
  const share = (at: number) => sorted[Math.floor(at * (sorted.length - 1))]!;
  return heatMapImage({ values: data, columns: steps, rows: size }, box, { range: [share(0.05), share(0.995)] });
}

/** Where a frequency lies on the mel axis of the spectrogram. */
function frequencyY(hertz: number, { sampleRate }: FeatureOptions): number {
  const mel = (at: number) => Math.log1p(at / 700);
  return Math.round(
    spectrogram.y + spectrogram.height * (1 - (mel(Math.max(20, hertz)) - mel(20)) / (mel(sampleRate / 2) - mel(20))),
  );
}
