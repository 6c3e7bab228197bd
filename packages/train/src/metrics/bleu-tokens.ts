/** What Python's `str.split()` takes for white space. */
// eslint-disable-next-line no-control-regex -- Python counts them as white space
const space = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;

/** Splits a text at white space. */
export function splitTokens(text: string): string[] {
  return text.split(space).filter((token) => token !== '');
}

/** The rules of mteval-v13a, in their order. */
const rules: readonly (readonly [RegExp, string])[] = [
  [/([{-~[-` -&(-+:-@/])/gu, ' $1 '],
  // A period or comma, unless a digit is before or behind it.
  [/([^0-9])([.,])/gu, '$1 $2 '],
  [/([.,])([^0-9])/gu, ' $1 $2'],
  // A dash behind a digit.
  [/([0-9])(-)/gu, '$1 $2 '],
];

/** Splits a text as mteval-v13a does, the tokenizer that sacrebleu uses by default. */
export function split13a(text: string): string[] {
  let line = text.replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' ');
  line = line.replaceAll('&quot;', '"').replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>');
  line = ` ${line} `;
  for (const [pattern, replacement] of rules) line = line.replaceAll(pattern, replacement);
  return splitTokens(line);
}
