import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { inFolder } from '../test-support/recordings.ts';
import { downloadDigits } from './fsdd.ts';

/** A tar archive of these files, by the format's own rules. */
function tarGz(files: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, text]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000644\0', 100);
    header.write(`${text.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('        0', 148);
    header.write('ustar\0' + '00', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, Buffer.concat([Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512)])];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

const bytes = tarGz({
  'fsdd-1/recordings/7_ann_0.wav': 'seven',
  'fsdd-1/recordings/0_ann_0.wav': 'zero',
  'fsdd-1/README.md': 'no sound',
});
const sha256 = createHash('sha256').update(bytes).digest('hex');
const archive = { url: 'https://sounds.example/fsdd.tar.gz', sha256 };

test('the recordings are fetched, checked and unpacked once', () =>
  inFolder(async (cache) => {
    let requests = 0;
    const fetchOnce = () => {
      requests++;
      return Promise.resolve(
        new Response(new Uint8Array(bytes), { headers: { 'content-length': String(bytes.length) } }),
      );
    };
    const seen: number[] = [];
    const folder = await downloadDigits({
      onProgress: (received) => seen.push(received),
      cache,
      archive,
      fetch: fetchOnce,
    });
    expect((await readdir(join(folder, 'recordings'))).sort()).toEqual(['0_ann_0.wav', '7_ann_0.wav']);
    expect(seen.at(-1)).toBe(bytes.length);
    expect(await downloadDigits({ onProgress: () => undefined, cache, archive, fetch: fetchOnce })).toBe(folder);
    expect(requests).toBe(1);
  }));

test('offline it says what to do, and another file is refused', () =>
  inFolder(async (cache) => {
    const cause = Object.assign(new Error('getaddrinfo ENOTFOUND sounds.example'), { code: 'ENOTFOUND' });
    const offline = () => Promise.reject(new TypeError('fetch failed', { cause }));
    await expect(downloadDigits({ onProgress: () => undefined, cache, archive, fetch: offline })).rejects.toThrow(
      /there is no host sounds\.example .*check the network .* and run this again.* save it as .*\.tar\.gz/su,
    );
    const other = () => Promise.resolve(new Response('something else'));
    await expect(downloadDigits({ onProgress: () => undefined, cache, archive, fetch: other })).rejects.toMatchObject({
      code: 'CHECKSUM_MISMATCH',
    });
  }));
