import { expect, it } from 'vitest';
import { learningRateChart } from './learning-rate-chart.ts';

it('draws the losses over the rates, with the suggestion if there is one', () => {
  const range = { rates: [0.001, 0.01, 0.1], losses: [2, 1, 9], smoothed: [2, 1.5, 4], suggestion: 0.01 };
  expect(learningRateChart(range).markup).toMatch(/suggestion 0\.010/u);
  const { markup } = learningRateChart({ ...range, suggestion: null });
  expect(markup).toMatch(/<svg role="img" aria-label="loss over learning rate"/u);
  expect(markup).not.toMatch(/suggestion/u);
});
