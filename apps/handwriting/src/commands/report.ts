import { basename, dirname } from 'node:path';
import { type BackendName, loadModel, withBackend } from '@timestep/app-shared';
import { fileStorage } from '@timestep/train/node';
import { readSamples, type Subset } from '../data/samples.ts';
import { drawTestSet, evaluate } from '../evaluation.ts';
import { parseHandwritingConfig } from '../model/config.ts';
import { type ReportContents, reportPage } from '../report/report.ts';

export interface ReportOptions {
  readonly data?: string;
  readonly model: string;
  readonly subset: Subset;
  readonly backend: BackendName;
  readonly out?: string;
}

/** Writes a page on which ink, posteriors over time and the aligned letters stand under one another. */
export async function reportCommand({
  data,
  model: file,
  subset,
  backend: name,
  out = file.replace(/(\.safetensors)?$/u, '.html'),
}: ReportOptions): Promise<void> {
  const samples = data === undefined ? [] : await readSamples(data, subset);
  await withBackend(name, async (backend) => {
    const { model, config } = await loadModel(file, backend, parseHandwritingConfig);
    const test = drawTestSet(samples);
    const evaluation = await evaluate(backend, model, config.alphabet, test);
    const about =
      samples.length > 0
        ? `Strings of 1–6 characters of one writer, from ${data}.`
        : 'Words that training never saw, and digit strings, drawn from single-line fonts.';
    console.log(await writeReport(out, { about, config, test, evaluation }));
    model.dispose();
  });
}

/** @returns the file */
export async function writeReport(file: string, contents: ReportContents): Promise<string> {
  await fileStorage(dirname(file)).write(basename(file), [new TextEncoder().encode(reportPage(contents))]);
  return file;
}
