import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cacheFolder, download, sha256Of, unpackTarGz } from './index.ts';

const body = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 5);
const sha256 = createHash('sha256').update(body).digest('hex');
const codeOf = (code: string) => expect.objectContaining({ code });
let folder: string;
let server: Server | undefined;
let requests: { range: string | undefined }[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'timestep-datasets-'));
  requests = [];
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<string> {
  const listening = createServer((request, response) => {
    requests.push({ range: request.headers.range });
    answer(request, response, requests.length);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/corpus.bin`;
}

/** Answers ranges as a file server does; `cut` ends the connection after that many bytes. */
function file(request: IncomingMessage, response: ServerResponse, cut = Infinity): void {
  const start = Number(/bytes=(\d+)-/u.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (start >= body.length) {
    response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end();
    return;
  }
  response.writeHead(start > 0 ? 206 : 200, { 'content-length': body.length - start });
  if (body.length - start <= cut) response.end(body.subarray(start));
  else response.write(body.subarray(start, start + cut), () => setTimeout(() => response.destroy(), 20));
}

describe('download', () => {
  test('fetches once, tells its progress and leaves no partial file', async () => {
    const url = await serve((request, response) => file(request, response));
    const target = join(folder, 'deep', 'corpus.bin');
    const seen: [number, number | null][] = [];
    expect(
      await download({ url, file: target, sha256, onProgress: (received, total) => seen.push([received, total]) }),
    ).toBe(true);
    expect(seen.at(-1)).toEqual([body.length, body.length]);
    expect(readFileSync(target).equals(body)).toBe(true);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['corpus.bin']);
    expect(await download({ url, file: target, sha256 })).toBe(false);
    expect(requests.length).toBe(1);
  });

  test('continues after a broken connection, and after a broken process', async () => {
    const url = await serve((request, response, count) => file(request, response, count < 3 ? 100_000 : Infinity));
    writeFileSync(join(folder, 'corpus.bin.part'), body.subarray(0, 1234));
    expect(await download({ url, file: join(folder, 'corpus.bin'), sha256 })).toBe(true);
    expect(requests.map(({ range }) => range)).toEqual(['bytes=1234-', 'bytes=101234-', 'bytes=201234-']);
    expect(await sha256Of(join(folder, 'corpus.bin'))).toBe(sha256);
  });

  test('starts anew where the server cannot continue', async () => {
    const url = await serve((_, response) => response.end(body));
    writeFileSync(join(folder, 'corpus.bin.part'), 'something else');
    await download({ url, file: join(folder, 'corpus.bin'), sha256 });
    expect(await sha256Of(join(folder, 'corpus.bin'))).toBe(sha256);
  });

  test('takes a partial file that is whole, and drops one that is too long', async () => {
    const url = await serve((request, response) => file(request, response));
    writeFileSync(join(folder, 'a.part'), body);
    expect(await download({ url, file: join(folder, 'a'), sha256 })).toBe(true);
    writeFileSync(join(folder, 'b.part'), new Uint8Array(body.length + 5));
    expect(await download({ url, file: join(folder, 'b'), sha256 })).toBe(true);
    expect(await sha256Of(join(folder, 'b'))).toBe(sha256);
  });

  test('a file of another checksum never gets its name', async () => {
    const url = await serve((request, response) => file(request, response));
    await expect(download({ url, file: join(folder, 'x'), sha256: '0'.repeat(64) })).rejects.toThrow(
      codeOf('CHECKSUM_MISMATCH'),
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a file that is there with another checksum is fetched anew', async () => {
    const url = await serve((request, response) => file(request, response));
    writeFileSync(join(folder, 'x'), 'stale');
    expect(await download({ url, file: join(folder, 'x'), sha256 })).toBe(true);
    expect(await sha256Of(join(folder, 'x'))).toBe(sha256);
  });

  test('offline: says which host, how to go on and where to put the file by hand', async () => {
    const target = join(folder, 'x');
    const attempt = download({ url: 'http://127.0.0.1:1/corpus.bin', file: target });
    await expect(attempt).rejects.toThrow(codeOf('OFFLINE'));
    await expect(attempt).rejects.toThrow(/could not reach 127\.0\.0\.1:1 .*save it as .*x$/u);
    expect(existsSync(target)).toBe(false);
  });

  test('an HTTP error is told at once, a connection that keeps breaking after three tries', async () => {
    const missing = await serve((_, response) => response.writeHead(404).end());
    await expect(download({ url: missing, file: join(folder, 'x') })).rejects.toThrow(/answered 404 Not Found/u);
    expect(requests.length).toBe(1);
    server?.close();
    requests = [];
    const broken = await serve((request, response) => file(request, response, 1000));
    await expect(download({ url: broken, file: join(folder, 'x'), sha256 })).rejects.toThrow(codeOf('DOWNLOAD_FAILED'));
    expect(requests.length).toBe(3);
    expect(readFileSync(join(folder, 'x.part')).equals(body.subarray(0, 3000))).toBe(true);
  });

  test('a folder that cannot be written is no network trouble', async () => {
    const url = await serve((request, response) => file(request, response));
    mkdirSync(join(folder, 'x.part'));
    await expect(download({ url, file: join(folder, 'x') })).rejects.toThrow(/could not write .*x\.part.*EISDIR/u);
    expect(requests.length).toBe(1);
  });

  test('a signal stops it and keeps what has arrived', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': body.length });
      response.write(body.subarray(0, 5000));
    });
    const controller = new AbortController();
    const attempt = download({
      url,
      file: join(folder, 'x'),
      signal: controller.signal,
      onProgress: () => setTimeout(() => controller.abort(), 30),
    });
    await expect(attempt).rejects.toThrow(/abort/u);
    expect(readFileSync(join(folder, 'x.part')).length).toBe(5000);
  });
});

describe('archives', () => {
  test('give the selected files, flat, whatever their paths say', async () => {
    mkdirSync(join(folder, 'in', 'corpus-1.0', 'recordings'), { recursive: true });
    for (const name of ['1_a_0.wav', '2_a_0.wav', 'notes.txt'])
      writeFileSync(join(folder, 'in', 'corpus-1.0', 'recordings', name), `content of ${name}`);
    // A name with `..` in it, as an archive made with ill intent has one.
    execFileSync('tar', [
      '-czf',
      join(folder, 'a.tar.gz'),
      '-C',
      join(folder, 'in'),
      '--transform',
      's,corpus-1.0/recordings/2,../../2,',
      'corpus-1.0',
    ]);
    const names = await unpackTarGz(join(folder, 'a.tar.gz'), join(folder, 'out'), (path) => path.endsWith('.wav'));
    expect(names.toSorted()).toEqual(['1_a_0.wav', '2_a_0.wav']);
    expect(readdirSync(join(folder, 'out')).toSorted()).toEqual(['1_a_0.wav', '2_a_0.wav']);
    expect(readFileSync(join(folder, 'out', '2_a_0.wav'), 'utf8')).toBe('content of 2_a_0.wav');
  });

  test('that are damaged or hold nothing wanted are refused', async () => {
    writeFileSync(join(folder, 'bad.tar.gz'), body);
    await expect(unpackTarGz(join(folder, 'bad.tar.gz'), folder, () => true)).rejects.toThrow(/damaged/u);
    mkdirSync(join(folder, 'empty'));
    execFileSync('tar', ['-czf', join(folder, 'e.tar.gz'), '-C', folder, 'empty']);
    await expect(unpackTarGz(join(folder, 'e.tar.gz'), folder, () => true)).rejects.toThrow(/none of the files/u);
  });
});

test('the cache folder is where each system keeps such things', () => {
  expect(cacheFolder({ TIMESTEP_CACHE: '/big/disk', HOME: '/home/a' }, 'linux')).toBe('/big/disk');
  expect(cacheFolder({ HOME: '/home/a' }, 'linux')).toBe('/home/a/.cache/timestep');
  expect(cacheFolder({ HOME: '/home/a', XDG_CACHE_HOME: '/x' }, 'linux')).toBe('/x/timestep');
  expect(cacheFolder({ HOME: '/Users/a' }, 'darwin')).toBe('/Users/a/Library/Caches/timestep');
  expect(cacheFolder({ HOME: '/u', LOCALAPPDATA: '/u/local' }, 'win32')).toBe('/u/local/timestep/cache');
});
