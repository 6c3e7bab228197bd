import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createProgress, formatSeconds } from './progress.ts';

function output(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), {
    isTTY,
    columns: 100,
    cursorTo: () => true,
    clearLine: () => true,
    moveCursor: () => true,
  });
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  // The progress writes to no more of a WriteStream than this.
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
}

test('off a terminal: a plain line every few seconds and at the end, with the time left', () => {
  let clock = 0;
  const { stream, text } = output(false);
  const progress = createProgress({ total: 100, stream, now: () => clock });
  for (let done = 1; done <= 100; done++) {
    clock += 250;
    progress.update(done, ['loss 0.50', '40 lines/s']);
  }
  progress.note('saved');
  progress.stop();
  expect(text()).toBe(
    [
      '1/100  loss 0.50  40 lines/s  25 s left',
      '41/100  loss 0.50  40 lines/s  15 s left',
      '81/100  loss 0.50  40 lines/s  5 s left',
      '100/100  loss 0.50  40 lines/s',
      'saved',
      '',
    ].join('\n'),
  );
});

test('a resumed run judges its pace by its own steps', () => {
  let clock = 0;
  const { stream, text } = output(false);
  const progress = createProgress({ total: 100, done: 90, stream, now: () => clock });
  progress.update(90, []);
  clock = 10_000;
  progress.update(95, []);
  expect(text()).toBe('90/100\n95/100  10 s left\n');
});

test('on a terminal: a bar', async () => {
  const { stream, text } = output(true);
  const progress = createProgress({ total: 10, stream });
  progress.update(5, ['loss 1.25']);
  await new Promise((resolve) => setTimeout(resolve, 300));
  progress.stop();
  expect(text()).toContain('5/10 loss 1.25');
  expect(text()).toMatch(/[█░]/u);
});

test.each([
  [0.4, '0 s'],
  [59.4, '59 s'],
  [75, '1 min 15 s'],
  [3600, '60 min 0 s'],
])('%f s is %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});
