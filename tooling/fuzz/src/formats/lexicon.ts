import { ArgumentError } from '@timestep/core';
import { CTCBeamDecoder, readLexicon } from '@timestep/ctc';
import type { Format } from '../format.ts';
import { mutateBytesAsText } from '../mutate/text.ts';

const texts = ['hello h e l o |\nhold h o l d |\nhe h e\n', 'é\té |\r\nold o l d\r\n\r\nhello h e l o |\r\n'];
const tokens = ['', '|', 'h', 'e', 'l', 'o', 'd', 'é'];
const words = ['|', ' | ', '\t', '\r\n', ' h e', 'hello', 'old'];
/** One frame in which every token is likely. */
const emissions = { data: new Float32Array(tokens.length).fill(-2), shape: [1, tokens.length] };

export const format: Format = {
  seeds: () => texts.map((text) => new TextEncoder().encode(text)),
  mutate: (bytes, random) => mutateBytesAsText(bytes, random, words),
  read: (bytes) =>
    new CTCBeamDecoder({ tokens, wordSeparator: '|', lexicon: readLexicon(bytes), beamWidth: 4 }).decode(emissions),
  isTyped: (error) => error instanceof ArgumentError,
};
