import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { DataError } from '../errors.ts';
import type { DownloadOptions } from './download-options.ts';

/** The partial file, and what earlier answers said about the whole file. */
export interface Part {
  readonly path: string;
  /** A strong ETag, so that the server continues only the same file */
  validator: string | null;
  /** The size of the whole file in bytes */
  total: number | null;
}

/** No bytes arrived within the time limit. */
export class Silence extends Error {
  override readonly name = 'Silence';
}
/** The partial file was useless and has been deleted; the next attempt starts again. */
export class StartAnew extends Error {
  override readonly name = 'StartAnew';
}

/**
 * Makes one connection. It continues the partial file if the server sends exactly the requested range, and starts again
 * otherwise. It returns when the file is complete.
 *
 * @param already the size of the partial file in bytes
 */
export async function receive(options: DownloadOptions, part: Part, already: number): Promise<void> {
  const { url, onProgress, signal, connectSeconds = 30, idleSeconds = 60, fetch: fetchFrom = fetch } = options;
  const silence = new AbortController();
  const watch = (seconds: number, what: string) =>
    setTimeout(() => silence.abort(new Silence(`${what} within ${seconds} s`)), 1000 * seconds);
  let timer = watch(connectSeconds, 'no answer');
  const either = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
  try {
    const response = await fetchFrom(url, { headers: headersFor(part, already), signal: either });
    clearTimeout(timer);
    timer = watch(idleSeconds, 'no further byte');
    const start = await startOf(response, part, already, url);
    if (start === null) return;
    let received = start;
    await pipeline(
      response.body!,
      async function* count(chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          timer.refresh();
          received += chunk.length;
          onProgress?.(received, part.total);
          yield chunk;
        }
      },
      createWriteStream(part.path, { flags: start > 0 ? 'a' : 'w' }),
      { signal: either },
    );
    if (part.total !== null && received !== part.total) {
      if (received > part.total && start > 0) await startAnew(part, `${received} bytes came instead of ${part.total}`);
      throw new Error(`the connection ended after ${received} of ${part.total} bytes`);
    }
  } catch (error) {
    throw silence.signal.aborted ? silence.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

function headersFor({ validator }: Part, already: number): Record<string, string> {
  // In a compressed answer, the range would count other bytes.
  const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
  if (already > 0) headers['Range'] = `bytes=${already}-`;
  if (already > 0 && validator) headers['If-Range'] = validator;
  return headers;
}

/** The byte of the file at which the answer starts; null if the partial file is already complete. */
async function startOf(response: Response, part: Part, already: number, url: string): Promise<number | null> {
  const range = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/u.exec(response.headers.get('content-range')?.trim() ?? '');
  const whole = range?.[3] === undefined || range[3] === '*' ? null : Number(range[3]);
  if (response.status === 416 && already > 0) {
    await response.body?.cancel();
    // There are no bytes after those we have. Either the file is complete or it has become shorter; the total decides.
    if (whole === already) return null;
    return startAnew(part, 'the partial file did not fit');
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new DataError(
      'HTTP_STATUS',
      url,
      `[download] ${url} answered ${response.status} ${response.statusText}, expected the file; check the address`,
    );
  }
  const encoded = ![null, 'identity'].includes(response.headers.get('content-encoding'));
  if (response.status === 206) {
    const fits = range && Number(range[1]) === already && !encoded && (part.total ?? whole) === whole;
    if (!fits) {
      await response.body.cancel();
      const got = response.headers.get('content-range') ?? 'no Content-Range';
      if (already > 0) return startAnew(part, `asked for the bytes from ${already} on, got ${got}`);
      throw badAnswer(url, `answered 206 with ${got}, expected the whole file`);
    }
    part.total = whole ?? Number(range[2]) + 1;
  } else {
    const length = response.headers.get('content-length');
    part.total = length === null || encoded ? null : Number(length);
  }
  const tag = response.headers.get('etag');
  part.validator = tag?.startsWith('"') ? tag : null;
  return response.status === 206 ? already : 0;
}

function badAnswer(url: string, how: string): DataError {
  return new DataError('BAD_ANSWER', url, `[download] ${url} ${how}; fetch it from another address`);
}

async function startAnew(part: Part, why: string): Promise<never> {
  await rm(part.path, { force: true });
  part.total = null;
  part.validator = null;
  throw new StartAnew(`${why}; the partial file was deleted`);
}
