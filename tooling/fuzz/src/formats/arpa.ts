import { gunzipSync, gzipSync } from 'node:zlib';
import { ArgumentError } from '@timestep/core';
import { loadArpa } from '@timestep/ctc';
import type { Format } from '../format.ts';
import { mutateBytesAsText } from '../mutate/text.ts';
import type { Random } from '../random.ts';

const bigrams = `made by hand

\\data\\
ngram 1=5
ngram 2=3
ngram 3=1

\\1-grams:
-1.0\t<unk>\t0
-99\t<s>\t-0.3
-0.9\t</s>
-0.5\ta\t-0.2
-0.7\tb\t-0.1

\\2-grams:
-0.4\t<s> a\t-0.25
-0.6\ta b\t-0.15
-0.35\tb a

\\3-grams:
-0.2\t<s> a b

\\end\\
`;
const unigrams =
  '\\data\\\r\nngram 1=4\r\n\r\n\\1-grams:\r\n-1.5 <UNK>\r\n-inf <s>\r\n-0.1 </s>\r\n-2e-1 é\r\n\r\n\\end\\\r\n';
const words = ['\\data\\', '\\1-grams:', '\\2-grams:', '\\end\\', 'ngram 2=', '<s>', '</s>', '<unk>', '<UNK>', '-inf'];

export const format: Format = {
  seeds: () => {
    const texts = [bigrams, unigrams].map((text) => new TextEncoder().encode(text));
    return [...texts, Uint8Array.from(gzipSync(texts[0]!))];
  },
  mutate: mutateInside,
  read: async (bytes) => {
    const model = await loadArpa(bytes);
    return [model.score(['a', 'b', 'é', 'a']), model.score([])];
  },
  isTyped: (error) => error instanceof ArgumentError,
};

/** Damages the text, and packs it again where it was packed. */
function mutateInside(bytes: Uint8Array, random: Random): Uint8Array {
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const damaged = mutateBytesAsText(packed ? gunzipSync(bytes) : bytes, random, words);
  return packed ? Uint8Array.from(gzipSync(damaged)) : damaged;
}
