import { type Bytes, checkOptions, is, type OptionRules } from '@timestep/core';
import { DataError } from '../errors.ts';
import type { Features } from '../features.ts';
import { textOf } from './text-of.ts';

/** A time series and its class. */
export interface LabelledSeries {
  /** `[T, D]`, D channels; missing values are NaN */
  readonly features: Features;
  /** null if the file has no class labels */
  readonly label: string | null;
}

/** The series and the header of a `.ts` file. */
export interface SeriesFile {
  readonly series: readonly LabelledSeries[];
  /** The classes in the order of the header; empty if it names none */
  readonly labels: readonly string[];
}

/** The options of `readSeries`. */
export interface ReadSeriesOptions {
  /** The file's name in errors, usually its path */
  readonly name?: string | undefined;
}

const optionRules: OptionRules<ReadSeriesOptions> = { name: is.optional(is.string) };

/**
 * Reads a `.ts` file of the UCR and UEA archives: a header of lines that start with `@`, then one series per line. `:`
 * separates the channels and the class at the end, `,` separates the values of a channel, and `?` is a missing value.
 * Series may differ in length, but not the channels of one series. Files with time stamps are refused.
 *
 * Source: Löning et al. 2019 (sktime); Bagnall et al. 2018 (the UEA archive).
 *
 * @param source the file's text, or its bytes in UTF-8
 * @throws DataError `SERIES_INVALID` with the line number, `NOT_UTF8`; ArgumentError for wrong options
 * @example
 * const { series, labels } = readSeries(await readFile('JapaneseVowels_TRAIN.ts'));
 * series[0].features.size;    // 12
 */
export function readSeries(source: string | Bytes, options: ReadSeriesOptions = {}): SeriesFile {
  checkOptions('readSeries', options, optionRules);
  const { name = 'the series file' } = options;
  const invalid = (line: number, what: string) =>
    new DataError('SERIES_INVALID', name, `[readSeries] ${name}, line ${line + 1}: ${what}`);
  const header = new Map<string, string>();
  let labels: readonly string[] = [];
  let labelled = false;
  let inData = false;
  const series: LabelledSeries[] = [];
  textOf('readSeries', source, name)
    .split(/\r\n|\n|\r/u)
    .forEach((text, line) => {
      const trimmed = text.trim();
      if (trimmed === '' || trimmed.startsWith('#')) return;
      if (!inData) {
        const [, key, value] = /^@(\S+)\s*(.*)$/u.exec(trimmed) ?? [];
        if (key === undefined) throw invalid(line, 'expected a header line that begins with @, or @data before this');
        header.set(key.toLowerCase(), value!.trim());
        inData = key.toLowerCase() === 'data';
        if (inData && header.get('timestamps')?.toLowerCase() === 'true')
          throw invalid(line, 'time stamps are not read; remove them, and set @timeStamps false');
        const [flag = '', ...names] = (header.get('classlabel') ?? '').split(/\s+/u);
        labelled = flag.toLowerCase() === 'true';
        labels = labelled ? names : [];
        return;
      }
      const parts = trimmed.split(':').map((part) => part.trim());
      const label = labelled ? parts.pop()! : null;
      if (label !== null && labels.length > 0 && !labels.includes(label))
        throw invalid(
          line,
          `expected one of the classes ${labels.join(', ')} at the end, got ${JSON.stringify(label)}`,
        );
      const channels = parts.map((part) => (part === '' ? [] : part.split(',').map((value) => numberOf(value.trim()))));
      const first = channels[0];
      const before = series[0]?.features.size ?? channels.length;
      if (!first || channels.length !== before)
        throw invalid(line, `expected ${series[0] ? before : 'at least 1'} channels, got ${channels.length}`);
      channels.forEach((channel, d) => {
        if (channel.length !== first.length)
          throw invalid(
            line,
            `expected ${first.length} values of channel ${d} as channel 0 has, got ${channel.length}`,
          );
        const wrong = channel.indexOf(null);
        if (wrong >= 0) throw invalid(line, `expected a number as value ${wrong} of channel ${d}`);
      });
      const size = channels.length;
      const data = Float32Array.from(
        { length: first.length * size },
        (_, i) => channels[i % size]![Math.floor(i / size)]!,
      );
      series.push({ features: { data, steps: first.length, size }, label });
    });
  if (!inData) throw invalid(0, 'expected a line @data before the series');
  return { series, labels };
}

/** Returns NaN for a missing value, and null for text that is not a number. */
function numberOf(text: string): number | null {
  if (text === '?' || text === 'NaN') return NaN;
  const value = text === '' ? NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}
