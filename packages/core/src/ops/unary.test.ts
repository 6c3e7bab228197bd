import { describe, it } from 'vitest';
import { checkGradient } from '../test-support/gradients.ts';
import { affine } from './affine.ts';
import { clamp } from './clamp.ts';
import { powerOf } from './power-of.ts';
import * as ops from './unary.ts';

const anywhere = Float64Array.from([-2.3, -0.7, -0.11, 0.05, 0.4, 1.9]);
const positive = Float64Array.from([0.07, 0.3, 0.9, 1.4, 2.2, 5]);

describe('gradients of the elementwise operations', () => {
  const everywhere = [
    'negative',
    'absolute',
    'exp',
    'expm1',
    'square',
    'sin',
    'cos',
    'tanh',
    'sigmoid',
    'relu',
    'softplus',
  ] as const;
  it.each(everywhere)('%s', async (name) => {
    await checkGradient([{ shape: [2, 3], values: anywhere }], ([x]) => ops[name](x!));
  });
  it.each(['log', 'log1p', 'sqrt', 'rsqrt', 'reciprocal'] as const)('%s', async (name) => {
    await checkGradient([{ shape: [2, 3], values: positive }], ([x]) => ops[name](x!), { tolerance: 1e-6 });
  });
  it('affine', () => checkGradient([{ shape: [4] }], ([x]) => affine(x!, -1.7, 0.3)));
  it.each([-1.5, 0, 1, 2, 3.5])('powerOf %s', (exponent) =>
    checkGradient([{ shape: [6], values: positive }], ([x]) => powerOf(x!, exponent), { tolerance: 1e-5 }),
  );
  it('clamp lets the gradient through only inside', () =>
    checkGradient([{ shape: [6], values: anywhere }], ([x]) => clamp(x!, -1, 1)));
});
