import { ArgumentError, Generator } from '@timestep/core';
import { describe, expect, test } from 'vitest';
import { DataError } from '../errors.ts';
import { byteForms } from '../testing/byte-forms.ts';
import { readCsv } from './read-csv.ts';
import { MinMaxScaler, StandardScaler } from './scalers.ts';
import { splitByTime } from './split.ts';
import { windows } from './windows.ts';

describe('CSV', () => {
  test('columns of numbers and of texts, with what is missing', () => {
    const table = readCsv('date,OT,"a ""name"""\n2016-07-01,1.5,x\n2016-07-02,,"a, b\nc"\n\n2016-07-03,-2e3,NA\n');
    expect(table.names).toEqual(['date', 'OT', 'a "name"']);
    expect(table.length).toBe(3);
    expect(table.numbers('OT')).toEqual(Float64Array.of(1.5, NaN, -2000));
    expect(table.texts('a "name"')).toEqual(['x', 'a, b\nc', null]);
    expect(table.texts('date')[2]).toBe('2016-07-03');
  });

  test('types, delimiters, no header, other marks of what is missing, a byte order mark', () => {
    const table = readCsv('\ufeffid;n\r\n007;?\r\n1; 2 \r\n', {
      delimiter: ';',
      missing: ['?'],
      types: { id: 'text' },
    });
    expect(table.texts('id')).toEqual(['007', '1']);
    expect(table.numbers('n')).toEqual(Float64Array.of(NaN, 2));
    const plain = readCsv('1,2\n3,4\n', { header: false });
    expect(plain.names).toEqual(['0', '1']);
    expect([...plain.matrix()]).toEqual([1, 2, 3, 4]);
    expect([...plain.matrix(['1'])]).toEqual([2, 4]);
    expect(readCsv('a,b\n').length).toBe(0);
    expect(readCsv('').names).toEqual([]);
    // 0x10 and an empty text are numbers for Number alone.
    expect(readCsv('a,b\n0x10,1\n').texts('a')).toEqual(['0x10']);
    expect(readCsv('__proto__,a\n1,2\n').numbers('__proto__')).toEqual(Float64Array.of(1));
  });

  test.each(byteForms)('the bytes may be a %s', (_, form) => {
    expect(readCsv(form(new TextEncoder().encode('가,b\n1,2'))).numbers('가')).toEqual(Float64Array.of(1));
  });

  test('what was quoted by the rules comes back, whatever it holds', () => {
    const random = new Generator(3);
    const pieces = [',', '"', '\n', 'a', ' ', '가', ';', '""', '-'];
    for (let round = 0; round < 400; round++) {
      const text = () => 'x' + Array.from({ length: random.integer(6) }, () => pieces[random.integer(9)]!).join('');
      const rows = Array.from({ length: 1 + random.integer(5) }, () => [text(), text(), text()]);
      const quote = (field: string) => (/[",\n]/u.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
      const end = random.integer(2) ? '\n' : '';
      const file = ['p,q,r', ...rows.map((row) => row.map(quote).join(','))].join('\n') + end;
      const table = readCsv(file);
      expect(rows.map((_, i) => ['p', 'q', 'r'].map((name) => table.texts(name)[i]))).toEqual(rows);
    }
  });

  test.each([
    ['a,b\n1,2\n3\n', 'line 3, column 1: expected 2 fields as the first line has, got 1'],
    ['a,b\n1,"x\ny"\n3,4,5\n', 'line 4, column 2: expected 2 fields as the first line has, got 3'],
    ['a,b\n1,2\n3,"x\n', 'line 3, column 2: a quoted field is not closed'],
    ['a,b\r\n1,2\r\n"x"y,4\r\n', 'line 3, column 1: a quoted field continues after its closing quote'],
    ['a,b,a\n', 'line 1, column 3: the column "a" comes twice'],
    ['n,b\n1,2\n\n\nx,3\n', 'line 5, column 1: expected a number in column "n", got "x"'],
  ])('%j: %s', (text, message) => {
    const read = () => readCsv(text, { name: 'a.csv', types: text.startsWith('n') ? { n: 'number' } : {} });
    expect(read).toThrow(DataError);
    expect(read).toThrow(`a.csv, ${message}`);
  });

  test('mixed line ends are no part of a value', () => {
    expect(readCsv('a,b\n1,x\r\n2,y\n').texts('b')).toEqual(['x', 'y']);
  });

  test.each([
    [5, {}],
    ['a', { delimeter: ';' }],
    ['a', { delimiter: ';;' }],
    ['a', { types: { b: 'number' } }],
    ['a', { types: { a: 'int' } }],
    ['a', { missing: 'NA' }],
  ])('refuses %j with %j', (source, options) => {
    expect(() => readCsv(source as never, options as never)).toThrow(ArgumentError);
  });

  test('bytes that are no UTF-8 and columns of another kind are told', () => {
    expect(() => readCsv(Uint8Array.of(0x61, 0xff))).toThrow(/no text in UTF-8/u);
    const table = readCsv('a,b\n1,x\n');
    expect(() => table.numbers('b')).toThrow(/holds texts, such as "x" in row 0/u);
    expect(() => table.texts('a')).toThrow(/holds numbers/u);
    expect(() => table.numbers('c')).toThrow(/no column "c"; there are a, b/u);
  });
});

describe('scalers', () => {
  const random = new Generator(2);
  const data = Float64Array.from({ length: 300 }, (_, i) => random.normal(i % 3, 1 + (i % 3)));
  const column = (values: ArrayLike<number>, d: number) => Array.from(values).filter((_, i) => i % 3 === d);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

  test('standard: mean 0 and deviation 1, and back', () => {
    const scaler = StandardScaler.fit(data, 3);
    const scaled = scaler.transform(data);
    for (let d = 0; d < 3; d++) {
      expect(mean(column(scaled, d))).toBeCloseTo(0, 6);
      expect(mean(column(scaled, d).map((value) => value ** 2))).toBeCloseTo(1, 5);
    }
    scaler.inverse(scaled).forEach((value, i) => expect(value).toBeCloseTo(data[i]!, 4));
    const second = Float32Array.from(column(scaled, 1));
    scaler.inverse(second, 1).forEach((value, i) => expect(value).toBeCloseTo(column(data, 1)[i]!, 4));
  });

  test('min-max: 0 … 1, and back', () => {
    const scaler = MinMaxScaler.fit(data, 3);
    const scaled = scaler.transform(data);
    for (let d = 0; d < 3; d++)
      expect([Math.min(...column(scaled, d)), Math.max(...column(scaled, d))]).toEqual([0, 1]);
    scaler.inverse(scaled).forEach((value, i) => expect(value).toBeCloseTo(data[i]!, 4));
  });

  test.each([StandardScaler, MinMaxScaler])('%o: saved and loaded, constants, NaN', (Scaler) => {
    const scaler = Scaler.fit(data, 3);
    const loaded = Scaler.load(JSON.parse(JSON.stringify(scaler.save())));
    expect(loaded.transform(data)).toEqual(scaler.transform(data));
    expect([...Scaler.fit(Float32Array.of(0.1, 0.1, 0.1)).transform(Float32Array.of(0.1))][0]).toBeCloseTo(0, 6);
    const holes = Scaler.fit(Float64Array.of(1, NaN, 3));
    expect(holes.offset[0]).toBe(Scaler.fit(Float64Array.of(1, 3)).offset[0]);
    expect(holes.transform(Float64Array.of(NaN))[0]).toBe(NaN);
    for (const wrong of [
      () => Scaler.fit([1, 2] as never),
      () => Scaler.fit(data, 7),
      () => Scaler.fit(data, 0),
      () => Scaler.fit(Float32Array.of(NaN)),
      () => Scaler.fit(Float32Array.of(1, Infinity)),
      () => scaler.transform(new Float32Array(4)),
      () => scaler.inverse(new Float32Array(4)),
      () => scaler.inverse(new Float32Array(4), 3),
      () => Scaler.load({ ...scaler.save(), scale: [0, 1, 1] }),
      () => Scaler.load({ ...scaler.save(), scale: [1] }),
      () => Scaler.load({ ...scaler.save(), kind: 'other' } as never),
    ])
      expect(wrong).toThrow(ArgumentError);
  });

  test('one scaler refuses the state of the other', () => {
    expect(() => MinMaxScaler.load(StandardScaler.fit(data, 3).save())).toThrow(/one of min-max/u);
  });
});

describe('windows', () => {
  /** Feature d of step t of series s is 100·s + 10·d + t. */
  const series = (s: number, steps: number) => ({
    data: Float32Array.from({ length: 2 * steps }, (_, i) => 100 * s + 10 * (i % 2) + Math.floor(i / 2)),
    steps,
    size: 2,
  });

  test.each([
    [5, 2, 1],
    [5, 0, 2],
    [3, 4, 3],
    [1, 1, 7],
  ])('%i steps in, %i out, stride %i: every window, by hand', (stepsIn, stepsOut, stride) => {
    const lengths = [13, 4, 8];
    const data = windows(
      lengths.map((length, s) => series(s, length)),
      { stepsIn, stepsOut, stride, targets: [1] },
    );
    const expected = lengths.flatMap((length, s) =>
      Array.from({ length }, (_, start) => ({ series: s, start })).filter(
        ({ start }) => start % stride === 0 && start + stepsIn + stepsOut <= length,
      ),
    );
    expect(data.places).toEqual(expected);
    const chosen = [expected.length - 1, 0];
    const { inputs, inputShape, targets, targetShape } = data.batch(chosen);
    expect([inputShape, targetShape]).toEqual([
      [stepsIn, 2, 2],
      [stepsOut, 2, 1],
    ]);
    chosen.forEach((index, n) => {
      const { series: s, start } = expected[index]!;
      for (let t = 0; t < stepsIn; t++)
        for (let d = 0; d < 2; d++) expect(inputs[(t * 2 + n) * 2 + d]).toBe(100 * s + 10 * d + start + t);
      for (let t = 0; t < stepsOut; t++) expect(targets[t * 2 + n]).toBe(100 * s + 10 + start + stepsIn + t);
    });
  });

  test.each([
    [series(0, 5), { stepsIn: 5 }, 'at least stepsIn + stepsOut = 6 steps, the longest has 5'],
    [[series(0, 9), { ...series(1, 9), steps: 6, size: 3 }], { stepsIn: 2 }, 'series of 2 features'],
    [series(0, 9), { stepsIn: 2, targets: [2] }, 'targets of 0…1'],
    [series(0, 9), { stepsIn: 0 }, 'stepsIn'],
    [series(0, 9), { stepIn: 2 }, 'did you mean stepsIn'],
    [[], { stepsIn: 2 }, 'series.length'],
    [{ data: [1, 2] }, { stepsIn: 2 }, 'features'],
  ])('refuse %j, %j', (given, options, message) => {
    expect(() => windows(given as never, options as never)).toThrow(ArgumentError);
    expect(() => windows(given as never, options as never)).toThrow(message);
  });

  test('an index that is none is refused', () => {
    const data = windows(series(0, 9), { stepsIn: 2 });
    for (const indices of [[-1], [7], [0.5], 'a']) expect(() => data.batch(indices as never)).toThrow(ArgumentError);
  });
});

test('splits by time', () => {
  expect(splitByTime(100, { train: 0.7, validation: 0.1 })).toEqual({
    train: [0, 70],
    validation: [70, 80],
    test: [80, 100],
  });
  expect(splitByTime(100, { train: 0.7, validation: 0.2, gap: 5 })).toEqual({
    train: [0, 70],
    validation: [75, 90],
    test: [95, 100],
  });
  expect(splitByTime(10, { train: 0.7, validation: 0.3 }).test).toEqual([10, 10]);
  expect(splitByTime(3, { train: 0.5, gap: 9 })).toEqual({ train: [0, 2], validation: [2, 2], test: [3, 3] });
  for (const options of [
    { train: 0 },
    { train: 0.8, validation: 0.3 },
    { train: NaN },
    { train: 0.5, gap: -1 },
    { training: 0.5 },
  ])
    expect(() => splitByTime(10, options as never)).toThrow(ArgumentError);
  expect(() => splitByTime(-1, { train: 0.5 })).toThrow(ArgumentError);
});
