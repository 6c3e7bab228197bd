import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { download, sha256Of } from './index.ts';

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
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': body.length - start,
    ...(start > 0 ? { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` } : {}),
  });
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

  test('what cannot be reached is named: which host, how to go on and where to put the file by hand', async () => {
    const target = join(folder, 'x');
    const url = await serve(() => undefined);
    await new Promise((resolve) => server!.close(resolve));
    const attempt = download({ url, file: target });
    await expect(attempt).rejects.toThrow(codeOf('CONNECTION_REFUSED'));
    await expect(attempt).rejects.toThrow(/nothing listens at 127\.0\.0\.1:\d+ .*save it as .*x$/u);
    expect(existsSync(target)).toBe(false);
  });

  test.each([
    ['ENOTFOUND', 'HOST_NOT_FOUND', 1],
    ['EAI_AGAIN', 'HOST_NOT_FOUND', 3],
    ['ECONNREFUSED', 'CONNECTION_REFUSED', 1],
    ['ENETUNREACH', 'OFFLINE', 1],
    ['EHOSTUNREACH', 'OFFLINE', 1],
    ['CERT_HAS_EXPIRED', 'TLS_FAILED', 1],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS_FAILED', 1],
    ['UND_ERR_CONNECT_TIMEOUT', 'TIMEOUT', 3],
    ['ECONNRESET', 'CONNECTION_LOST', 3],
    ['', 'CONNECTION_LOST', 3],
  ])('%s is %s after %i tries', async (system, code, tries) => {
    let count = 0;
    const failing = () => {
      count++;
      const cause = Object.assign(new Error(`connect ${system}`), { code: system });
      // Several addresses of one host fail together.
      const causes =
        system === 'ECONNREFUSED' ? Object.assign(new AggregateError([cause, cause]), { code: system }) : cause;
      return Promise.reject(new TypeError('fetch failed', { cause: causes }));
    };
    const attempt = download({ url: 'https://example.org/a', file: join(folder, 'x'), fetch: failing });
    await expect(attempt).rejects.toThrow(codeOf(code));
    await expect(attempt).rejects.toThrow(new RegExp(`example\\.org \\(connect ${system}\\)`, 'u'));
    expect(count).toBe(tries);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('an HTTP error is told at once, a connection that keeps breaking after three tries', async () => {
    const missing = await serve((_, response) => response.writeHead(404).end());
    const attempt = download({ url: missing, file: join(folder, 'x') });
    await expect(attempt).rejects.toThrow(codeOf('HTTP_STATUS'));
    await expect(attempt).rejects.toThrow(/answered 404 Not Found/u);
    expect(requests.length).toBe(1);
    server?.close();
    requests = [];
    const broken = await serve((request, response) => file(request, response, 1000));
    await expect(download({ url: broken, file: join(folder, 'x'), sha256 })).rejects.toThrow(codeOf('CONNECTION_LOST'));
    expect(requests.length).toBe(3);
    expect(readFileSync(join(folder, 'x.part')).equals(body.subarray(0, 3000))).toBe(true);
  });

  test.each([
    ['another beginning', { 'content-range': 'bytes 0-299999/300000' }],
    ['another total', { 'content-range': 'bytes 100000-299998/299999' }],
    ['no range at all', {}],
    ['a compressed range', { 'content-range': 'bytes 100000-299999/300000', 'content-encoding': 'x-unknown' }],
  ])('a part that is not the one asked for is not joined on: %s', async (_, headers) => {
    const url = await serve((request, response, count) => {
      if (count === 1) file(request, response, 100_000);
      else if (request.headers.range) response.writeHead(206, headers).end(body.subarray(0, 200_000));
      else response.writeHead(200, { 'content-length': body.length }).end(body);
    });
    expect(await download({ url, file: join(folder, 'x'), attempts: 2 })).toBe(true);
    expect(readFileSync(join(folder, 'x')).equals(body)).toBe(true);
    expect(requests.map(({ range }) => range)).toEqual([undefined, 'bytes=100000-', undefined]);
  });

  test('a file that changes between two tries is fetched anew', async () => {
    const seen: (string | undefined)[] = [];
    const url = await serve((request, response, count) => {
      seen.push(request.headers['if-range'] as string | undefined);
      response.setHeader('etag', `"${count}"`);
      if (count === 1) file(request, response, 100_000);
      else response.writeHead(200, { 'content-length': 5 }).end('fresh');
    });
    await download({ url, file: join(folder, 'x') });
    expect(seen).toEqual([undefined, '"1"']);
    expect(readFileSync(join(folder, 'x'), 'utf8')).toBe('fresh');
  });

  test('without a checksum, the leftover of another process is not continued', async () => {
    const url = await serve((request, response) => file(request, response));
    writeFileSync(join(folder, 'x.part'), new Uint8Array(5000));
    await download({ url, file: join(folder, 'x') });
    expect(readFileSync(join(folder, 'x')).equals(body)).toBe(true);
    expect(requests).toEqual([{ range: undefined }]);
  });

  test('a part where the whole was asked for is refused', async () => {
    const url = await serve((_, response) => response.writeHead(206).end(body.subarray(5)));
    await expect(download({ url, file: join(folder, 'x') })).rejects.toThrow(codeOf('BAD_ANSWER'));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a checksum may have capitals, and must be one', async () => {
    const url = await serve((request, response) => file(request, response));
    expect(await download({ url, file: join(folder, 'x'), sha256: sha256.toUpperCase() })).toBe(true);
    expect(await download({ url, file: join(folder, 'x'), sha256: sha256.toUpperCase() })).toBe(false);
    for (const wrong of ['', 'abc', sha256.slice(1), `${sha256}0`])
      await expect(download({ url, file: join(folder, 'y'), sha256: wrong })).rejects.toThrow(
        codeOf('INVALID_ARGUMENT'),
      );
  });

  test('a server that does not answer, and one that falls silent, end in TIMEOUT', async () => {
    const mute = await serve(() => undefined);
    const options = { file: join(folder, 'x'), attempts: 2, connectSeconds: 0.1, idleSeconds: 0.1 };
    await expect(download({ ...options, url: mute })).rejects.toThrow(/no answer within 0\.1 s/u);
    expect(requests.length).toBe(2);
    server?.closeAllConnections();
    server?.close();
    const stalling = await serve((_, response) => {
      response.writeHead(200, { 'content-length': body.length }).write(body.subarray(0, 5000));
    });
    const attempt = download({ ...options, url: stalling, attempts: 1 });
    await expect(attempt).rejects.toThrow(codeOf('TIMEOUT'));
    await expect(attempt).rejects.toThrow(/no further byte within 0\.1 s/u);
    expect(existsSync(join(folder, 'x'))).toBe(false);
  });

  test('a slow server does not time out', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 10 });
      for (let i = 0; i < 10; i++) setTimeout(() => response.write('a'), 40 * i);
      setTimeout(() => response.end(), 400);
    });
    await download({ url, file: join(folder, 'x'), idleSeconds: 0.3, attempts: 1 });
    expect(readFileSync(join(folder, 'x'), 'utf8')).toBe('a'.repeat(10));
  });

  test('a folder that cannot be written is not a network error', async () => {
    const url = await serve((request, response) => file(request, response));
    mkdirSync(join(folder, 'x.part'));
    for (const options of [{}, { sha256 }]) {
      const attempt = download({ url, file: join(folder, 'x'), ...options });
      await expect(attempt).rejects.toThrow(codeOf('FILE_FAILED'));
      await expect(attempt).rejects.toThrow(/could not write .*x\.part/u);
    }
    await expect(download({ url, file: folder })).rejects.toThrow(/is a folder/u);
    expect(requests.length).toBe(0);
  });

  test.runIf(existsSync('/dev/full'))('a full disk is called so', async () => {
    const url = await serve((request, response) => file(request, response));
    symlinkSync('/dev/full', join(folder, 'x.part'));
    await expect(download({ url, file: join(folder, 'x'), sha256 })).rejects.toThrow(codeOf('DISK_FULL'));
    expect(existsSync(join(folder, 'x'))).toBe(false);
  });

  test.each([
    [{ url: 'ftp://a/b' }, 'http'],
    [{ url: 5 }, 'url'],
    [{ sha265: sha256 }, 'did you mean sha256'],
    [{ attempts: 0 }, 'attempts'],
    [{ idleSeconds: -1 }, 'idleSeconds'],
    [{ connectSeconds: Infinity }, 'connectSeconds'],
    [{ onProgress: true }, 'onProgress'],
  ])('refuses %j', async (wrong, message) => {
    const attempt = download({ url: 'http://127.0.0.1:1/', file: join(folder, 'x'), ...(wrong as object) });
    await expect(attempt).rejects.toThrow(codeOf('INVALID_ARGUMENT'));
    await expect(attempt).rejects.toThrow(message);
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
