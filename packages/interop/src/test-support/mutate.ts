/** A seeded source of whole numbers below n: mulberry32. */
export type Random = (n: number) => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

/** Numbers that sizes, counts and offsets go wrong with. */
const extremes = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/**
 * Damages bytes in one to four ways: single ones, whole words, a missing end, a piece of another file, a repeated
 * piece.
 */
export function mutateBytes(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let out = bytes.slice();
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(out.length + 1);
    const length = 1 + random(16);
    const kind = random(8);
    if (out.length < 8) return out;
    if (kind <= 2 && at < out.length) out[at] = random(2) ? random(256) : out[at]! ^ (1 << random(8));
    else if (kind === 3) out = out.slice(0, at);
    else if (kind === 4)
      new DataView(out.buffer).setUint32(Math.min(at, out.length - 4), extremes[random(extremes.length)]!, true);
    else if (kind === 5) out = Uint8Array.from([...out.slice(0, at), ...out.slice(at + length)]);
    else if (kind === 6)
      out = Uint8Array.from([
        ...out.slice(0, at),
        ...other.slice(random(other.length)).slice(0, length),
        ...out.slice(at),
      ]);
    else out = Uint8Array.from([...out.slice(0, at), ...out.slice(Math.max(0, at - length))]);
  }
  return out;
}

const snippets = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\',
  '0',
  '-1',
  '1.5',
  '1e9',
  '9007199254740993',
  'null',
  'true',
  '"__proto__":{"polluted":1},',
  '"constructor":',
  '[[[[',
  '\0',
  'é',
];

/** Damages JSON: pieces put in and taken out, numbers and words exchanged. */
export function mutateText(text: string, random: Random): string {
  let out = text;
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(out.length + 1);
    const kind = random(5);
    const piece = snippets[random(snippets.length)]!;
    if (kind === 0) out = out.slice(0, at) + piece + out.slice(at + random(4));
    else if (kind === 1) out = out.slice(0, at) + out.slice(at + random(40));
    else if (kind === 2)
      out = out.replace(/\b\d+(\.\d+)?\b/g, (digits) =>
        random(40) ? digits : String(random(2) ? random(20) : -random(2 ** 32)),
      );
    else if (kind === 3)
      out = out.replace(/\b(true|false|null)\b/g, (word) =>
        random(60) ? word : ['true', 'false', 'null', '{}', '"x"'][random(5)]!,
      );
    else out = out.replace(/"(\w+)"/g, (whole) => (random(200) ? whole : '"__proto__"'));
  }
  return out;
}
