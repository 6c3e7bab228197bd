import { basename, dirname } from 'node:path';
import type { Module } from '@timestep/layers';
import type { Json } from '@timestep/train';
import { fileStorage } from '@timestep/train/node';
import type { InferOutput } from 'valibot';
import { formatSeconds } from '../progress.ts';
import { figures, type Html, html, page } from '../report/html.ts';
import { lineChart, usualHighest } from '../report/line-chart.ts';
import type { App, Judged, Metrics, Trained } from './app.ts';
import type { History } from './run-folder.ts';
import type { Settings } from './settings.ts';
import { showNumber } from './train.ts';

/** The parts of a page that all apps share. */
export interface ReportFacts {
  readonly about: string;
  readonly metrics: Metrics;
  /** Of a model that was trained just now. */
  readonly training?: { readonly seconds: number; readonly history: History; readonly steps: number } | undefined;
}

/** Writes the report page of a model: what it was judged on, curves, and the app's own sections. */
export async function writeReport<
  C extends Settings,
  I extends Settings,
  Part extends { readonly length: number },
  Saved extends Json,
  Model extends Module,
  Batch,
>(
  app: App<C, I, Part, Saved, Model, Batch>,
  file: string,
  trained: Trained<InferOutput<C>, Saved, Model>,
  judged: Judged<Part, InferOutput<I>>,
  { about, metrics, training }: ReportFacts,
): Promise<void> {
  const contents = await app.report(trained, { ...judged, metrics });
  const parameters = trained.model.parameters().reduce((sum, { size }) => sum + size, 0);
  const items: (readonly [string, string])[] = [
    ...(contents.figures ??
      Object.entries(metrics).map(([name, value]) => [showNumber(value), inWords(name)] as const)),
    ...(training ? [[formatSeconds(training.seconds), 'training'] as const] : []),
    [parameters.toLocaleString('en'), 'parameters'],
  ];
  const body = html`<h1>${inWords(app.name)}</h1>
    <p class="soft">${app.summary} ${about}</p>
    ${figures(items)}
    ${contents.sections.map(
      (section) =>
        html`<h2>${section.heading}</h2>
          ${section.body}`,
    )}
    ${training ? curves(training.history) : { markup: '' }} ${settingsTable(trained.config)}`;
  await fileStorage(dirname(file)).write(basename(file), [new TextEncoder().encode(page(inWords(app.name), body))]);
}

function curves(history: History): Html {
  const charts = Object.entries(history).map(
    ([name, points]) =>
      html`<figure>
        ${lineChart([{ name, points }], {
          xLabel: 'step',
          yLabel: inWords(name),
          ...(name === 'loss' ? { yMax: usualHighest(points) } : {}),
        })}
        <figcaption>
          ${name === 'loss' ? 'Loss on the training batches' : `${inWords(name)} in the validations`}
        </figcaption>
      </figure>`,
  );
  return html`<h2>Training</h2>
    <div class="pair">${charts}</div>`;
}

function settingsTable(config: Readonly<Record<string, unknown>>): Html {
  return html`<h2>Settings</h2>
    <table>
      ${Object.entries(config).map(
        ([name, value]) =>
          html`<tr>
            <td>${inWords(name)}</td>
            <td class="number">${String(value)}</td>
          </tr>`,
      )}
    </table>`;
}

/** `slotF1` → `Slot F1`, `language-model` → `Language model`. */
export function inWords(name: string): string {
  const words = name.replaceAll('-', ' ').replaceAll(/(?<=[a-z])(?=[A-Z])/gu, ' ');
  const lower = words.replaceAll(/\b[A-Z](?=[a-z])/gu, (letter) => letter.toLowerCase());
  return lower.charAt(0).toUpperCase() + lower.slice(1);
}
