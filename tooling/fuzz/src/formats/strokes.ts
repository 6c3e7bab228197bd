import { TimestepError } from '@timestep/core';
import { parseJsonLines } from '../../../../apps/handwriting/src/data/json-lines.ts';
import type { Format } from '../format.ts';
import { mutateJson } from '../mutate/json.ts';
import { mutateText } from '../mutate/text.ts';
import type { Random } from '../random.ts';

const lines = [
  '{"writer": 1, "char": "a", "x": [1, 2.5, 0, 3], "y": [4, 5, 0, 6]}',
  '{"char": "가", "writer": "second", "y": [1], "x": [2], "note": null}',
];
const words = ['"writer":', '"char":', '"x":', '"y":', '[1, 2]', '1e999', '{"', '\\u00'];

export const format: Format = {
  seeds: () => [lines.join('\n'), `${lines[1]!}\r\n\r\n`].map((text) => new TextEncoder().encode(text)),
  mutate: mutateLine,
  read: (bytes) => parseJsonLines(new TextDecoder().decode(bytes), 'a.jsonl'),
  isTyped: (error) => error instanceof TimestepError,
};

/** Damages the JSON of one line, or the whole text. */
function mutateLine(bytes: Uint8Array, random: Random): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  if (random.chance(0.4)) return new TextEncoder().encode(mutateText(text, random, words));
  const all = text.split('\n');
  const at = random.integer(all.length);
  all[at] = mutateJson(all[at]!, random);
  return new TextEncoder().encode(all.join('\n'));
}
