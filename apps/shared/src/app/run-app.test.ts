import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '@timestep/safetensors';
import { afterAll, describe, expect, it } from 'vitest';
import { toyApp } from '../test-support/toy-app.ts';
import { defineApp } from './app.ts';
import { runApp } from './run-app.ts';
import { collectPrinted } from '../testing/printed.ts';

const folder = mkdtempSync(join(tmpdir(), 'timestep-app-'));
afterAll(() => rmSync(folder, { recursive: true }));
const model = join(folder, 'toy.safetensors');
const cpu = ['--backend', 'cpu'];

const printed = collectPrinted();

const run = async (...argv: string[]): Promise<number> => runApp(toyApp, argv);

it('trains, and writes a model and a page', async () => {
  expect(await run('train', '--out', model, '--hidden-size', '6', ...cpu)).toBe(0);
  expect(printed.text).toMatch(/256 sums; computing on cpu/u);
  expect(printed.text).toMatch(/accuracy (0\.[89]\d*|1) {2}\(64 examples of the test part\)/u);
  const page = readFileSync(join(folder, 'toy.html'), 'utf8');
  expect(page).toContain('A picture of sums.');
  expect(page).toContain('Loss on the training batches');
  expect(page).toContain('Accuracy over step');
  expect(page).not.toMatch(/NaN|(src|href)="(?!data:|#)/u);
});

it('evaluates, and prints one JSON object', async () => {
  expect(await run('evaluate', '--model', model, '--json', ...cpu)).toBe(0);
  const { seconds, ...rest } = JSON.parse(printed.text) as { seconds: number; metrics: { accuracy: number } };
  expect(rest).toEqual({ app: 'toy', metrics: { accuracy: rest.metrics.accuracy }, examples: 64 });
  expect(rest.metrics.accuracy).toBeGreaterThan(0.8);
  expect(seconds).toBeGreaterThanOrEqual(0);
});

it('predicts from arguments, with flags', async () => {
  expect(await run('predict', '--model', model, '1 1 1 1', '0 0 0 -1')).toBe(0);
  expect(printed.text).toBe('positive\nnegative\n');
  printed.text = '';
  expect(await run('predict', '--model', model, '--loud', '1 1 1 1')).toBe(0);
  expect(printed.text).toBe('POSITIVE\n');
});

it('writes the page of a model that is there', async () => {
  const out = join(folder, 'other.html');
  expect(await run('report', '--model', model, '--out', out, '--subset', 'validation', ...cpu)).toBe(0);
  expect(readFileSync(out, 'utf8')).toContain('Judged on the validation part.');
});

it('gives the same bits when it is stopped and resumed', async () => {
  const [whole, half] = [join(folder, 'whole.safetensors'), join(folder, 'half.safetensors')];
  expect(await run('train', '--out', whole, ...cpu)).toBe(0);
  const stopped = defineApp({
    ...toyApp,
    loss: (one, batch, context) => {
      if (context.step === 33) process.emit('SIGINT');
      return toyApp.loss(one, batch, context);
    },
  });
  expect(await runApp(stopped, ['train', '--out', half, ...cpu])).toBe(130);
  expect(existsSync(half)).toBe(false);
  expect(await run('train', '--out', half, '--resume', '--steps', '61', ...cpu)).toBe(1);
  expect(printed.text).toContain('had other settings: steps was 60 and is 61 now');
  expect(await run('train', '--out', half, '--resume', ...cpu)).toBe(0);
  expect(readFileSync(half).equals(readFileSync(whole))).toBe(true);
});

it('keeps a moving average of the weights, and of nothing but the last ones with decay 0', async () => {
  const bytes = async (averageDecay?: number): Promise<Uint8Array> => {
    const out = join(folder, `average-${averageDecay ?? 'none'}.safetensors`);
    const app = defineApp({ ...toyApp, ...(averageDecay !== undefined && { averageDecay }) });
    expect(await runApp(app, ['train', '--out', out, '--steps', '20', ...cpu])).toBe(0);
    return readFileSync(out);
  };
  const plain = await bytes();
  expect(await bytes(0)).toEqual(plain);
  expect(await bytes(0.9)).not.toEqual(plain);
});

describe('a mistake ends in one line', () => {
  const damaged = join(folder, 'damaged.safetensors');
  it.each<readonly [string, readonly string[], RegExp]>([
    ['an unknown flag', ['train', '--hiden-size', '3'], /unknown option '--hiden-size'/u],
    ['a flag out of range', ['train', '--hidden-size', '0'], /Expected a whole number in 1…64/u],
    ['a flag of words', ['train', '--hidden-size', 'many'], /Expected a whole number/u],
    ['another ending', ['train', '--out', 'toy.bin'], /expected a file that ends in .safetensors/u],
    ['nothing to resume', ['train', '--resume', '--out', join(folder, 'none.safetensors')], /holds no run to resume/u],
    ['no training part', ['train', '--data', folder], /has no training part/u],
    ['no such part', ['evaluate', '--data', folder, '--subset', 'validation', '--model', model], /it holds test/u],
    ['a missing model', ['evaluate', '--model', join(folder, 'no.safetensors')], /cannot read .*train a model first/u],
    ['a damaged model', ['predict', '--model', damaged, '1'], /cannot be read/u],
    ['no command', ['fly'], /unknown command 'fly'/u],
  ])('%s', async (_, argv, message) => {
    copyFileSync(model, damaged);
    writeFileSync(damaged, readFileSync(model).subarray(0, 700));
    expect(await run(...argv)).not.toBe(0);
    expect(printed.text).toMatch(message);
    expect(printed.text.match(/^error: /gmu)).toHaveLength(1);
  });

  it('a model of another app or version', async () => {
    for (const app of [defineApp({ ...toyApp, name: 'doll' }), defineApp({ ...toyApp, version: 2 })]) {
      printed.text = '';
      expect(await runApp(app, ['predict', '--model', model, '1'])).toBe(1);
      expect(printed.text).toMatch(
        /is a model of toy, version 1; expected a model of (doll, version 1|toy, version 2)/u,
      );
    }
  });
});

it('ends with the last weights where the app keeps those, and closes the batches', async () => {
  const [best, last] = [join(folder, 'best.safetensors'), join(folder, 'last.safetensors')];
  let closed = 0;
  const app = (keep: 'best' | 'last') =>
    defineApp({
      ...toyApp,
      decides: { metric: 'falling', mode: 'max', keep },
      batches: (context) => ({ ...toyApp.batches(context), close: () => Promise.resolve(void closed++) }),
      // The first validation is the best.
      evaluate: () => Promise.resolve({ falling: -printed.text.length }),
    });
  expect(await runApp(app('last'), ['train', '--out', last, ...cpu])).toBe(0);
  expect(await runApp(app('best'), ['train', '--out', best, ...cpu])).toBe(0);
  const { tensors } = readSafetensors(readFileSync(join(folder, 'last.run', 'checkpoint-00000060.safetensors')));
  const weights = (file: string) => [...readSafetensors(readFileSync(file)).tensors.values()].map(({ data }) => data);
  const finals = [...tensors.values()].map(({ data }) => data);
  for (const data of weights(last)) expect(finals).toContainEqual(data);
  expect(weights(best)).not.toEqual(weights(last));
  expect(closed).toBe(2);
});

it('tells the reader what the model saved', async () => {
  const seen: unknown[] = [];
  const app = defineApp({ ...toyApp, read: (request) => (seen.push(request.saved), toyApp.read(request)) });
  const out = join(folder, 'seen.safetensors');
  expect(await runApp(app, ['train', '--steps', '2', '--out', out, ...cpu])).toBe(0);
  expect(await runApp(app, ['evaluate', '--model', out, '--json', ...cpu])).toBe(0);
  expect(seen).toEqual([undefined, { largest: expect.closeTo(1, 1) as unknown }]);
});

it('leaves nothing behind where training fails', async () => {
  const out = join(folder, 'failing.safetensors');
  const failing = defineApp({
    ...toyApp,
    loss: () => {
      throw new RangeError('no');
    },
  });
  expect(await runApp(failing, ['train', '--out', out, ...cpu])).toBe(1);
  expect(existsSync(out)).toBe(false);
});
