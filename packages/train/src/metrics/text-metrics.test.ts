import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BLEU, type BleuOptions, SlotF1, tagChunks } from '../index.ts';

/** BLEU of sacrebleu and the counts of conlleval.pl: tooling/fixtures/metrics.py. */
const fixtures = JSON.parse(readFileSync(new URL('../fixtures/metrics.json', import.meta.url), 'utf8')) as {
  readonly bleu: readonly {
    readonly options: BleuOptions;
    readonly hypotheses: readonly string[];
    readonly references: readonly (readonly string[])[];
    readonly score: number;
    readonly precisions: readonly number[];
    readonly brevityPenalty: number;
    readonly hypothesisLength: number;
    readonly referenceLength: number;
  }[];
  readonly slots: readonly {
    readonly actual: string[][];
    readonly predicted: string[][];
    readonly precision: number;
    readonly recall: number;
    readonly f1: number;
    readonly types: Readonly<Record<string, { precision: number; recall: number; f1: number }>>;
  }[];
};

describe('BLEU', () => {
  it.each(fixtures.bleu.map((one) => [JSON.stringify(one.options), one] as const))(
    'is sacrebleu’s with %s',
    (_, one) => {
      const bleu = new BLEU(one.options);
      one.hypotheses.forEach((hypothesis, index) => bleu.update([hypothesis], [one.references[index]!]));
      const report = bleu.report();
      expect(report.score).toBeCloseTo(one.score, 9);
      expect(report.brevityPenalty).toBeCloseTo(one.brevityPenalty, 12);
      report.precisions.forEach((precision, n) => expect(precision).toBeCloseTo(one.precisions[n]!, 9));
      expect(report.hypothesisLength).toBe(one.hypothesisLength);
      expect(report.referenceLength).toBe(one.referenceLength);
    },
  );

  it('counts an n-gram at most as often as in a reference', () => {
    const bleu = new BLEU({ maxOrder: 1 });
    bleu.update(['the the the the the the the'], ['the cat is on the mat']);
    expect(bleu.compute()).toBeCloseTo((100 * 2) / 7, 12);
  });

  it('takes tokens as they are, with one reference or several', () => {
    const [one, several] = [new BLEU(), new BLEU()];
    const hypothesis = ['a,b', 'c', 'd', 'e', 'f'];
    one.update([hypothesis], [['a,b', 'c', 'd', 'e', 'g']]);
    several.update([hypothesis], [[['x'], ['a,b', 'c', 'd', 'e', 'g']]]);
    expect(one.report().precisions[0]).toBe(80);
    expect(several.report().precisions).toEqual(one.report().precisions);
    one.reset();
    expect(one.report()).toMatchObject({ score: 0, hypothesisLength: 0 });
  });

  it.each([
    [() => new BLEU().update('a b' as never, []), /hypotheses/u],
    [() => new BLEU().update(['a'], []), /each of 1 hypotheses, got 0/u],
    [() => new BLEU().update(['a'], [[]]), /one reference or more for hypothesis 0/u],
    [() => new BLEU().update(['a'], [[['a']] as never]), /references of hypothesis 0/u],
    [() => new BLEU({ tokenise: 'none' } as never), /did you mean tokenize/u],
  ])('refuses a wrong call %#', (call, message) => {
    expect(call).toThrow(message);
  });
});

describe('SlotF1', () => {
  it.each(fixtures.slots.map((one, index) => [index, one] as const))('is conlleval’s, case %i', (_, one) => {
    const slots = new SlotF1();
    one.actual.forEach((tags, index) => slots.update([one.predicted[index]!], [tags]));
    const report = slots.report();
    expect(report.precision).toBeCloseTo(one.precision, 12);
    expect(report.recall).toBeCloseTo(one.recall, 12);
    expect(slots.compute()).toBeCloseTo(one.f1, 12);
    expect(Object.keys(report.types).sort()).toEqual(Object.keys(one.types).sort());
    for (const [type, scores] of Object.entries(one.types)) {
      expect(report.types[type]!.precision).toBeCloseTo(scores.precision, 12);
      expect(report.types[type]!.recall).toBeCloseTo(scores.recall, 12);
      expect(report.types[type]!.f1).toBeCloseTo(scores.f1, 12);
    }
  });

  it('reads BILOU as BIOES', () => {
    expect(tagChunks(['B-a', 'I-a', 'L-a', 'U-a', 'O'])).toEqual(tagChunks(['B-a', 'I-a', 'E-a', 'S-a', 'O']));
    expect(tagChunks(['B-a', 'I-a', 'L-a', 'U-a', 'O'])).toEqual([
      { type: 'a', start: 0, end: 3 },
      { type: 'a', start: 3, end: 4 },
    ]);
  });

  it('adds nothing where one of the sentences is wrong', () => {
    const slots = new SlotF1();
    expect(() => slots.update([['B-a'], ['x']], [['B-a'], ['O']])).toThrow(/got 'x' at position 0/u);
    expect(() => slots.update([['B-a'], ['O']], [['B-a'], ['O', 'O']])).toThrow(
      /expected 2 tags in sentence 1, got 1/u,
    );
    expect(slots.report()).toMatchObject({ actual: 0, predicted: 0 });
  });
});
