import { expect, it } from 'vitest';
import { Dialogue, withoutParticle } from './dialogue.ts';
import type { Understood } from './understand.ts';

const saved = {
  alphabet: 'abcdefghijklmnopqrstuvwxyz서울의',
  intents: ['time', 'weather'],
  tags: [],
  usual: { time: [], weather: ['place', 'date'] },
};

/** A network that reads slots out of `word/slot`, and the intent from the first word. */
function dialogue(): Dialogue {
  return new Dialogue((line) => {
    const units = line.split(' ').filter(Boolean);
    if (units.length === 0) return Promise.resolve(null);
    const parts = units.map((unit) => unit.split('/'));
    const slots = parts.flatMap(([value, type], start) =>
      type === undefined ? [] : [{ type, value: value!, start, end: start + 1 }],
    );
    const intent = parts[0]![0] === 'weather' ? 'weather' : 'time';
    const heard: Understood = { units, intent, probability: 0.99, tags: [], slots, weights: [] };
    return Promise.resolve(heard);
  }, saved);
}

it('asks for what is missing, and takes a short line as the answer', async () => {
  const chat = dialogue();
  expect(await chat.reply('weather please')).toBe('weather\nAnd which place?');
  expect(await chat.reply('seoul')).toBe('weather: place = seoul\nAnd which date?');
  expect(await chat.reply('tomorrow/date')).toBe('weather: place = seoul, date = tomorrow');
  expect(await chat.reply('what time is it now')).toBe('time');
});

it('does not ask again for what it did not get, and hears a new wish', async () => {
  const chat = dialogue();
  await chat.reply('weather seoul/place');
  expect(await chat.reply('tell me what time it is')).toBe('time');
  await chat.reply('weather please');
  expect(await chat.reply('weather i do not know')).toBe('weather');
});

it('asks in Korean, and takes particles off', async () => {
  expect(await dialogue().reply('weather 서울의/place')).toBe('weather: place = 서울\n날짜도 알려 주세요.');
  expect(['제주도에서', '비빔밥을', '밤은', 'rome'].map(withoutParticle)).toEqual(['제주도', '비빔밥', '밤은', 'rome']);
});

it('tells an empty line and another alphabet', async () => {
  expect(await dialogue().reply('  ')).toMatch(/empty line/);
  expect(await dialogue().reply('привет')).toBe('I know none of these letters; write as the training data do');
});
