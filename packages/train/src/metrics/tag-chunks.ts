import { ArgumentError, checkValue, is } from '@timestep/core';

/** A stretch of tags that names one thing. */
export interface TagChunk {
  /** The name behind the prefix, such as `city` of `B-city`. */
  readonly type: string;
  /** The first position. */
  readonly start: number;
  /** The position after the last one. */
  readonly end: number;
}

/** L and U of the BILOU scheme are E and S of BIOES. */
const prefixes: Readonly<Record<string, string>> = { B: 'B', I: 'I', O: 'O', E: 'E', S: 'S', L: 'E', U: 'S' };

/** Where a chunk ends between two tags of one type, and where one begins; as conlleval has it. */
const endsBetween = new Set(['BB', 'BS', 'BO', 'IB', 'IS', 'IO']);
const beginsBetween = new Set(['EE', 'EI', 'SE', 'SI', 'OE', 'OI']);

const tagsRule = is.arrayOf(is.string, 'an array of tags');

/**
 * Finds the chunks in the tags of a sentence. It reads IOB1, IOB2, BIOES and BILOU, and takes tags that break their
 * scheme as conlleval does (Tjong Kim Sang and Buchholz 2000): an I after O, or after another type, begins a chunk.
 *
 * @param tags one for each token: `O`, or a prefix and a name, such as `B-city`
 * @returns the chunks, from left to right
 * @throws ArgumentError for something other than an array of such tags
 * @example
 * ```ts
 * tagChunks(['B-city', 'I-city', 'O', 'S-day']);
 * // [{ type: 'city', start: 0, end: 2 }, { type: 'day', start: 3, end: 4 }]
 * ```
 */
export function tagChunks(tags: readonly string[]): TagChunk[] {
  checkValue('tagChunks', 'tags', tags, tagsRule);
  return readChunks('tagChunks', tags);
}

/** {@link tagChunks} of an array of strings. */
export function readChunks(where: string, tags: readonly string[]): TagChunk[] {
  const chunks: TagChunk[] = [];
  let [before, typeBefore] = ['O', ''];
  let start = -1;
  for (let at = 0; at <= tags.length; at++) {
    const [prefix, type] = at < tags.length ? splitTag(where, tags[at]!, at) : ['O', ''];
    const between = before + prefix;
    const changes = type !== typeBefore;
    const ends = 'ES'.includes(before) || endsBetween.has(between) || (before !== 'O' && changes);
    if (ends && start >= 0) {
      chunks.push({ type: typeBefore, start, end: at });
      start = -1;
    }
    if ('BS'.includes(prefix) || beginsBetween.has(between) || (prefix !== 'O' && changes)) start = at;
    [before, typeBefore] = [prefix, type];
  }
  return chunks;
}

function splitTag(where: string, tag: string, at: number): readonly [prefix: string, type: string] {
  const match = /^([BIOESLU])(?:-(.*))?$/su.exec(tag);
  if (!match)
    throw new ArgumentError(
      `[${where}] expected tags such as O, B-city, I-city, E-city and S-city, got '${tag.slice(0, 40)}' at position ${at}`,
    );
  const prefix = prefixes[match[1]!]!;
  return [prefix, prefix === 'O' ? '' : (match[2] ?? '')];
}
