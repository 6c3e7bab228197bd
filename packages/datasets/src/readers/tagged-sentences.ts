import { type Bytes, checkOptions, is, type OptionRules } from '@timestep/core';
import { DataError } from '../errors.ts';
import { words } from '../text/tokenize.ts';
import { textOf } from './text-of.ts';

/** A sentence with a tag for each word and a label. */
export interface TaggedSentence {
  readonly words: readonly string[];
  /** As many as words */
  readonly tags: readonly string[];
  /** Of the whole sentence, such as an intent */
  readonly label: string;
}

/** Three files whose lines belong together, as text or as bytes in UTF-8. */
export interface TaggedFiles {
  /** Words, parted by blanks: `seq.in` */
  readonly words: string | Bytes;
  /** One tag a word: `seq.out` */
  readonly tags: string | Bytes;
  /** One label a line: `label` */
  readonly labels: string | Bytes;
}

export interface ReadTaggedSentencesOptions {
  /** How errors call the files, usually their folder */
  readonly name?: string | undefined;
}

const optionRules: OptionRules<ReadTaggedSentencesOptions> = { name: is.optional(is.string) };
const fileRule = is.anyOf(is.string, is.like('bytes', 'byteLength'));
const filesRules: OptionRules<TaggedFiles> = { words: fileRule, tags: fileRule, labels: fileRule };

/**
 * Reads tagged sentences in the form of the ATIS and SNIPS corpora: line n of `seq.in`, `seq.out` and `label` belongs
 * together. Runs of blanks part words, and blanks at the ends of a line do not count. Lines that are empty in all three
 * files are passed over.
 *
 * @param files their text, or their bytes in UTF-8
 * @returns the sentences in the order of the files
 * @throws DataError `TAGS_INVALID` with the line where the files differ in lines or a line in words and tags,
 *   `NOT_UTF8`; ArgumentError for wrong arguments
 * @example
 * ```ts
 * const [first] = readTaggedSentences({ words: 'fly to boston\n', tags: 'O O B-city\n', labels: 'flight\n' });
 * first.tags; // ['O', 'O', 'B-city']
 * ```
 */
export function readTaggedSentences(files: TaggedFiles, options: ReadTaggedSentencesOptions = {}): TaggedSentence[] {
  checkOptions('readTaggedSentences', files, filesRules);
  checkOptions('readTaggedSentences', options, optionRules);
  const { name = 'the tagged sentences' } = options;
  const invalid = (line: number, what: string) =>
    new DataError('TAGS_INVALID', name, `[readTaggedSentences] ${name}, line ${line + 1}: ${what}`);
  const lines = (source: string | Bytes): string[] => {
    const all = textOf('readTaggedSentences', source, name).split(/\r\n|\n|\r/u);
    if (all.at(-1) === '') all.pop();
    return all;
  };
  const [inputs, outputs, labels] = [lines(files.words), lines(files.tags), lines(files.labels)];
  if (outputs.length !== inputs.length || labels.length !== inputs.length)
    throw invalid(
      Math.min(inputs.length, outputs.length, labels.length),
      `expected one line of tags and one label for each of the ${inputs.length} lines of words, got ${outputs.length} and ${labels.length}`,
    );
  const sentences: TaggedSentence[] = [];
  for (const [line, text] of inputs.entries()) {
    const [input, output, label] = [words(text), words(outputs[line]!), labels[line]!.trim()];
    if (input.length === 0 && output.length === 0 && label === '') continue;
    if (input.length === 0) throw invalid(line, 'expected words, got an empty line');
    if (output.length !== input.length)
      throw invalid(line, `expected a tag for each of the ${input.length} words, got ${output.length}`);
    if (label === '') throw invalid(line, 'the label is empty');
    sentences.push({ words: input, tags: output, label });
  }
  return sentences;
}
