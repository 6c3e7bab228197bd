import { expect, it } from 'vitest';
import { partOf } from './corpus.ts';
import { tokenize, Units } from './units.ts';

it('learns units of both languages and puts words together again', () => {
  const pairs = [
    { source: 'zwei hunde', target: 'two dogs' },
    { source: 'zwei hunde laufen', target: 'two dogs run' },
  ];
  const units = new Units(Units.learn(partOf(pairs, true), 40));
  expect(units.split('zwei hunde')).toEqual(['zwei</w>', 'hunde</w>']);
  const target = units.encodeTarget('two dogs');
  expect(units.join(units.targetUnits([units.start, ...target, units.end]))).toBe('two dogs');
  expect([...units.encodeSource('개')]).toEqual([units.source.indexOf('<unk>')]);
});

it('writes what a user types as a tokenised corpus has it', () => {
  expect(tokenize('Ein  Mann, der 3.5 km läuft!')).toBe('ein mann , der 3.5 km läuft !');
  expect(tokenize(' ')).toBe('');
});
