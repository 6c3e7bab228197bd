import { UsageError } from '@timestep/app-shared';
import type { Point } from '../ink/ink.ts';
import type { Sample } from './sample.ts';

/**
 * Reads characters, one JSON object a line: `{"writer": 1, "char": "a", "x": […], "y": […]}`, y upwards. A point at the
 * origin is a pen lift: these files pad with it, and the coordinates of ink are positive.
 *
 * @throws UsageError with the number of the line at fault
 */
export function parseJsonLines(text: string, file: string): Sample[] {
  return text
    .split('\n')
    .flatMap((line, at) => (line.trim() === '' ? [] : [parseLine(line, `${file}, line ${at + 1}`)]));
}

function parseLine(line: string, where: string): Sample {
  let value: { writer?: unknown; char?: unknown; x?: unknown; y?: unknown } | null;
  try {
    value = JSON.parse(line) as typeof value;
  } catch (error) {
    throw new UsageError(
      `[strokes] ${where} is not JSON (${(error as Error).message}); the file is damaged, copy it again`,
      { cause: error },
    );
  }
  const { writer, char, x, y } = value ?? {};
  if ((typeof writer !== 'number' && typeof writer !== 'string') || typeof char !== 'string' || char === '')
    throw new UsageError(
      `[strokes] ${where}: expected a "writer" and a "char", got ${JSON.stringify({ writer, char })}`,
    );
  if (!isNumbers(x) || !isNumbers(y) || x.length !== y.length)
    throw new UsageError(
      `[strokes] ${where}: expected "x" and "y" to be equally many finite numbers; the file is damaged, copy it again`,
    );
  const ink: Point[][] = [[]];
  x.forEach((px, i) => {
    if (px === 0 && y[i] === 0) ink.push([]);
    else ink.at(-1)!.push([px, y[i]!]);
  });
  const strokes = ink.filter(({ length }) => length > 0);
  if (strokes.length === 0) throw new UsageError(`[strokes] ${where}: "${char}" has no points; remove the line`);
  return { label: char, writer: String(writer), ink: strokes };
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'number' && Number.isFinite(one));
}
