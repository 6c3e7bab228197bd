import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { randomArpa } from '../test-support/arpa.ts';
import { randomInteger, randomSource } from '../test-support/random.ts';
import { readArpa } from './arpa.ts';
import { loadArpa } from './load-arpa.ts';

const random = randomSource(23);
const text = randomArpa(random, ['<s>', '</s>', '<unk>', 'été', 'b'], 3);
const plain = new TextEncoder().encode(text);
const packed = new Uint8Array(gzipSync(plain));
const codeOf = (code: string) => expect.objectContaining({ code });

/** The same bytes in all the forms that programs hold them in. */
function forms(bytes: Uint8Array<ArrayBuffer>) {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const around = new Uint8Array(bytes.length + 8).fill(65);
  around.set(bytes, 4);
  return [
    bytes,
    Buffer.from(bytes),
    bytes.slice().buffer,
    shared,
    shared.buffer,
    around.subarray(4, 4 + bytes.length),
    new DataView(around.buffer, 4, bytes.length),
  ];
}

test('packed or not, in every form of bytes, it is the same model', async () => {
  const expected = readArpa(text).data;
  for (const form of forms(plain)) {
    expect(readArpa(form).data).toEqual(expected);
    expect((await loadArpa(form)).data).toEqual(expected);
  }
  for (const form of forms(packed)) expect((await loadArpa(form)).data).toEqual(expected);
});

test('what is packed in another way is named', async () => {
  expect(() => readArpa(packed)).toThrow(
    expect.objectContaining({ code: 'COMPRESSED', message: expect.stringContaining('use loadArpa') as string }),
  );
  for (const [start, name] of [
    ['BZh91AY', 'bzip2'],
    ['PK\u0003\u0004', 'zip'],
    ['mmap lm http://kheafield.com/code format version 5\n', 'binary model of KenLM'],
  ] as const) {
    const bytes = new TextEncoder().encode(start);
    const named = expect.objectContaining({ code: 'COMPRESSED', message: expect.stringContaining(name) as string });
    expect(() => readArpa(bytes)).toThrow(named);
    await expect(loadArpa(bytes)).rejects.toThrow(named);
  }
});

describe('damaged files', () => {
  test('cut short or changed', async () => {
    for (let round = 0; round < 200; round++) {
      const damaged = packed.slice(0, round % 2 === 0 ? 2 + randomInteger(random, packed.length - 2) : packed.length);
      if (round % 2 === 1) damaged[2 + randomInteger(random, packed.length - 2)]! ^= 1 + randomInteger(random, 255);
      await loadArpa(damaged).then(
        (model) => expect(model.data).toEqual(readArpa(text).data),
        (error: unknown) => expect(error).toMatchObject({ code: 'MALFORMED_ARPA' }),
      );
    }
  });

  test('one that unpacks to far more than itself', async () => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(2 ** 27)));
    await expect(loadArpa(bomb)).rejects.toThrow(codeOf('TOO_LARGE'));
    await expect(loadArpa(packed, { maxBytes: 100 })).rejects.toThrow(codeOf('TOO_LARGE'));
  });

  test('no bytes at all', async () => {
    await expect(loadArpa('3-gram.arpa.gz' as never)).rejects.toThrow(/read the file first/u);
    await expect(loadArpa(plain, { maxbytes: 5 } as never)).rejects.toThrow(/did you mean maxBytes/u);
  });
});
