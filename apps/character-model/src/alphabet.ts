/** The characters of a text, in their order, and the text in their numbers. */
export interface Encoded {
  readonly alphabet: readonly string[];
  readonly symbols: Int32Array;
}

/** @throws RangeError for a text that is shorter than `shortest` characters */
export function encode(text: string, shortest: number): Encoded {
  const characters = [...text.normalize('NFC').replaceAll('\r\n', '\n')];
  if (characters.length < shortest)
    throw new RangeError(`The text has ${characters.length} characters; give it at least ${shortest}.`);
  const alphabet = [...new Set(characters)].sort();
  const numbers = new Map(alphabet.map((character, number) => [character, number]));
  return { alphabet, symbols: Int32Array.from(characters, (character) => numbers.get(character)!) };
}
