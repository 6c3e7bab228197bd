import { Generator } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import {
  Accuracy,
  AUROC,
  type Average,
  BitsPerCharacter,
  ConfusionMatrix,
  F1Score,
  MeanAbsoluteError,
  MeanAbsoluteScaledError,
  MeanSquaredError,
  Perplexity,
  Precision,
  type PredictionMetric,
  Recall,
  TopKAccuracy,
} from '../index.ts';

const random = new Generator(7);
const [count, classes] = [60, 5];
const scores = random.fillNormal(new Float32Array(count * classes), 0, 1);
// Ties, and a class (4) that is never a target.
for (let i = 0; i < count * classes; i += 7) scores[i] = scores[i + 1] ?? 0;
const targets = Int32Array.from({ length: count }, () => random.integer(classes - 1));
const mask = Uint32Array.from({ length: count }, () => Number(random.uniform() < 0.8));
targets[3] = -100;
mask[3] = 1;
const rows = Array.from({ length: count }, (_, i) => scores.subarray(i * classes, (i + 1) * classes));
const kept = Array.from({ length: count }, (_, i) => i).filter((i) => mask[i] === 1 && targets[i] !== -100);
const predicted = rows.map((row) => row.indexOf(Math.max(...row)));

/** Adds the same examples in uneven batches, with nonsense where nothing counts. */
function fill(metric: PredictionMetric<unknown>, given: ArrayLike<number>, width: number): void {
  for (const [from, to] of [
    [0, 1],
    [1, 30],
    [30, 30],
    [30, 60],
  ] as const) {
    const labels = Array.from(targets.subarray(from, to), (target, i) => (mask[from + i] ? target : 99));
    const part = Array.from({ length: (to - from) * width }, (_, i) => {
      const at = from * width + i;
      return mask[Math.floor(at / width)] ? given[at]! : NaN;
    });
    metric.update(part, labels, mask.subarray(from, to));
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value / values.length, 0);

describe('metrics of classes, against their definitions', () => {
  it('accuracy, of scores and of classes', () => {
    const expected = kept.filter((i) => predicted[i] === targets[i]).length / kept.length;
    const [ofScores, ofClasses] = [new Accuracy(), new Accuracy()];
    fill(ofScores, scores, classes);
    fill(ofClasses, predicted, 1);
    expect(ofScores.compute()).toBe(expected);
    expect(ofClasses.compute()).toBe(expected);
    ofScores.reset();
    expect(ofScores.compute()).toBeNaN();
  });

  it.each([1, 2, 5])('top-%i accuracy', (k) => {
    const metric = new TopKAccuracy({ k });
    fill(metric, scores, classes);
    const best = (row: Float32Array): number[] => Array.from(row.keys()).sort((a, b) => row[b]! - row[a]! || a - b);
    expect(metric.compute()).toBe(
      kept.filter((i) => best(rows[i]!).slice(0, k).includes(targets[i]!)).length / kept.length,
    );
  });

  const pair = (target: number, given: number): number =>
    kept.filter((i) => targets[i] === target && predicted[i] === given).length;
  const matrix = Array.from({ length: classes }, (_, t) => Array.from({ length: classes }, (__, p) => pair(t, p)));

  it('confusion matrix', () => {
    const metric = new ConfusionMatrix({ classes });
    fill(metric, scores, classes);
    expect(metric.compute()).toEqual(matrix);
  });

  const row = (c: number): number => matrix[c]!.reduce((sum, each) => sum + each, 0);
  const column = (c: number): number => matrix.reduce((sum, each) => sum + each[c]!, 0);
  const all = Array.from({ length: classes }, (_, c) => c);
  const precisions = all.map((c) => matrix[c]![c]! / Math.max(1, column(c)));
  const recalls = all.map((c) => matrix[c]![c]! / Math.max(1, row(c)));
  const harmonic = all.map((c) => {
    const [p, r] = [precisions[c]!, recalls[c]!];
    return p + r === 0 ? 0 : (2 * p * r) / (p + r);
  });
  const micro = all.reduce((sum, c) => sum + matrix[c]![c]!, 0) / kept.length;

  it.each([
    ['precision', Precision, precisions],
    ['recall', Recall, recalls],
    ['F1', F1Score, harmonic],
  ] as const)('%s', (_, Score, expected) => {
    const of = (average: Average): number => {
      const metric = new Score({ classes, average });
      fill(metric, scores, classes);
      metric.perClass().forEach((value, c) => expect(value).toBeCloseTo(expected[c]!, 12));
      return metric.compute();
    };
    expect(column(4)).toBeGreaterThan(0);
    expect(of('micro')).toBeCloseTo(micro, 12);
    expect(of('macro')).toBeCloseTo(mean(expected), 12);
    expect(of('weighted')).toBeCloseTo(
      all.reduce((sum, c) => sum + (expected[c]! * row(c)) / kept.length, 0),
      12,
    );
  });

  it('binary scores are those of class 1, and macro leaves out absent classes', () => {
    const binary = new Precision({ classes: 2, average: 'binary' });
    binary.update([1, 1, 0, 1], [1, 0, 0, 1]);
    expect(binary.compute()).toBeCloseTo(2 / 3, 12);
    const macro = new Recall({ classes: 9 });
    macro.update([0, 3], [0, 0]);
    expect(macro.compute()).toBe(0.25);
  });

  it('perplexity and bits per character, from logits and from losses', () => {
    const surprises = kept.map((i) => {
      const total = rows[i]!.reduce((sum, score) => sum + Math.exp(score), 0);
      return -Math.log(Math.exp(rows[i]![targets[i]!]!) / total);
    });
    const [perplexity, bits] = [new Perplexity(), new BitsPerCharacter()];
    fill(perplexity, scores, classes);
    fill(bits, scores, classes);
    expect(perplexity.compute()).toBeCloseTo(Math.exp(mean(surprises)), 9);
    expect(bits.compute()).toBeCloseTo(mean(surprises) / Math.LN2, 9);
    perplexity.reset();
    perplexity.updateLoss(NaN, 0);
    perplexity.updateLoss(mean(surprises.slice(0, 9)), 9);
    perplexity.updateLoss(mean(surprises.slice(9)), surprises.length - 9);
    expect(perplexity.compute()).toBeCloseTo(Math.exp(mean(surprises)), 9);
    const huge = new Perplexity();
    huge.update([1e30, 0], [0]);
    expect(huge.compute()).toBe(1);
  });

  it('the area under the curve, with ties', () => {
    const given = Array.from({ length: 80 }, () => Math.round(4 * random.normal()));
    const labels = given.map((score) => Number(score + 6 * random.normal() > 0));
    let [wins, pairs] = [0, 0];
    for (const [i, positive] of labels.entries()) {
      for (const [j, negative] of labels.entries()) {
        if (positive === 0 || negative === 1) continue;
        pairs++;
        wins += given[i]! > given[j]! ? 1 : given[i] === given[j] ? 0.5 : 0;
      }
    }
    const [area, ofTwo] = [new AUROC(), new AUROC()];
    area.update(given.slice(0, 33), labels.slice(0, 33));
    area.update([...given.slice(33), 1000], [...labels.slice(33), 0], [...labels.slice(33).map(() => 1), 0]);
    ofTwo.update(
      given.flatMap((score) => [-score / 2, score / 2]),
      labels,
    );
    expect(area.compute()).toBe(wins / pairs);
    expect(ofTwo.compute()).toBe(wins / pairs);
    area.reset();
    area.update([Infinity, Infinity, 1], [1, 0, 0]);
    expect(area.compute()).toBe(0.75);
  });
});

describe('metrics of numbers', () => {
  it('mean absolute and squared error, with a mask of rows', () => {
    const [mae, rmse] = [new MeanAbsoluteError(), new MeanSquaredError({ squared: false })];
    for (const metric of [mae, rmse]) {
      metric.update([1, 5, NaN, 3], [2, 2, 1, NaN], [1, 0]);
      metric.update([7], [7]);
    }
    expect(mae.compute()).toBeCloseTo(4 / 3, 12);
    expect(rmse.compute()).toBeCloseTo(Math.sqrt(10 / 3), 12);
  });

  it('MASE: each column on its own scale, a season of two', () => {
    // Naive errors of the columns: |3 − 1|, |5 − 2| → 2.5 and |10 − 0|, |10 − 0| → 10.
    const metric = new MeanAbsoluteScaledError({ training: [1, 0, 2, 0, 3, 10, 5, 10], season: 2, columns: 2 });
    metric.update([4, 10, 5, 0], [5, 5, 5, 20]);
    expect(metric.compute()).toBeCloseTo((1 / 2.5 + 5 / 10 + 0 + 20 / 10) / 4, 12);
  });
});

describe('wrong batches', () => {
  it.each([
    [() => new Accuracy().update([1, 2, 3], [1, 2]), /for each of 2 targets, got 3 numbers/u],
    [() => new Accuracy().update([1], [1], [1, 1]), /mask with one entry for each of 1 targets/u],
    [() => new Accuracy().update([1], [1], [0.5]), /mask of 0 and 1, got 0.5/u],
    [() => new Accuracy().update([1], [1.5]), /got 1.5 at position 0/u],
    [() => new Accuracy().update([0.2, NaN], [1]), /got NaN at position 1/u],
    [() => new Accuracy().update({} as never, [1]), /await tensor.data\(\)/u],
    [() => new TopKAccuracy({ k: 3 }).update([1, 2], [1]), /at least 3 classes, got 2/u],
    [() => new ConfusionMatrix({ classes: 3 }).update([1, 2], [1]), /a class or 3 scores/u],
    [() => new F1Score({ classes: 3 }).update([3], [1]), /classes 0…2/u],
    [() => new F1Score({ classes: 3, average: 'binary' }), /expected classes to be 2/u],
    [() => new Perplexity().update([1], [0]), /one score for each class and target/u],
    [() => new AUROC().update([1], [2]), /targets of 0 and 1, got 2/u],
    [() => new MeanAbsoluteError().update([1, 2], [1]), /one prediction for each target/u],
    [() => new MeanAbsoluteError().update(['1'] as never, [1]), /expected numbers, got 1/u],
    [() => new MeanAbsoluteScaledError({ training: [1, 1, 1] }), /a training series that changes/u],
    [() => new MeanAbsoluteScaledError({ training: [1, NaN, 1] }), /element 1/u],
  ])('%#', (call, message) => {
    expect(call).toThrow(message);
  });
});
