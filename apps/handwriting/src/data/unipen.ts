import { UsageError } from '@timestep/app-shared';
import type { Point } from '../ink/ink.ts';
import type { Sample } from './sample.ts';

/**
 * Reads characters from a UNIPEN file (Guyon et al. 1994): `.SEGMENT … "label"` begins one, `.COMMENT label writer
 * sample` tells who wrote it, `.PEN_DOWN` begins a stroke, `.PEN_UP` ends it, and between them stand points `x y`, y
 * upwards. Keywords that say nothing about the ink are passed over.
 *
 * @throws UsageError with the number of the line at fault
 */
export function parseUnipen(text: string, file: string): Sample[] {
  const samples: { label: string; writer: string; ink: Point[][]; line: number }[] = [];
  let stroke: Point[] | null = null;
  text.split(/\r?\n/u).forEach((line, at) => {
    const fail = (problem: string, remedy: string): never => {
      throw new UsageError(`[unipen] ${file}, line ${at + 1}: ${problem}; ${remedy}`);
    };
    const words = line.trim();
    const current = samples.at(-1);
    if (words === '') return;
    if (words.startsWith('.SEGMENT')) {
      const label = /"([^"]+)"\s*$/u.exec(words)?.[1];
      if (label === undefined)
        return fail(
          `a segment without a label in quotation marks: ${words}`,
          'expected such as .SEGMENT DIGIT 0 ? "8"',
        );
      samples.push({ label, writer: '', ink: [], line: at + 1 });
      stroke = null;
    } else if (words.startsWith('.COMMENT')) {
      const [, , writer] = words.split(/\s+/u);
      if (current?.writer === '' && writer !== undefined && /^\d+$/u.test(writer)) current.writer = writer;
    } else if (words.startsWith('.PEN_DOWN')) {
      if (!current) return fail('a stroke before the first .SEGMENT', 'expected a label for it');
      stroke = [];
      current.ink.push(stroke);
    } else if (words.startsWith('.PEN_UP')) stroke = null;
    else if (!words.startsWith('.') && stroke !== null) {
      const numbers = words.split(/\s+/u).map(Number);
      const [x, y] = numbers;
      if (x === undefined || y === undefined || !Number.isFinite(x) || !Number.isFinite(y))
        return fail(
          `expected a point "x y", got ${JSON.stringify(words.slice(0, 40))}`,
          'the file is damaged, copy it again',
        );
      stroke.push([x, y]);
    }
  });
  if (samples.length === 0)
    throw new UsageError(`[unipen] ${file} holds no .SEGMENT; expected a UNIPEN file with characters`);
  return samples.map(({ label, writer, ink, line }) => {
    const strokes = ink.filter(({ length }) => length > 0);
    if (strokes.length === 0)
      throw new UsageError(
        `[unipen] ${file}, line ${line}: "${label}" has no points; the file is cut off or damaged, copy it again`,
      );
    return { label, writer: writer || 'unknown', ink: strokes };
  });
}
