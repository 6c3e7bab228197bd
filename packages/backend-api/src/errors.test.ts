import { expect, it } from 'vitest';
import * as api from './index.ts';

type ErrorClass = new (...values: unknown[]) => Error;
const classes = Object.entries<unknown>(api).filter(
  (entry): entry is [string, ErrorClass] => typeof entry[1] === 'function' && entry[1].prototype instanceof Error,
);

it('names every error by a string, so that the name survives a minifier', () => {
  expect(classes.map(([name]) => name)).toContain('ShapeError');
  for (const [name, type] of classes) {
    // A minifier does the same: it keeps the body of the class and changes its name.
    Object.defineProperty(type, 'name', { value: 'k' });
    expect(new type('some message').name).toBe(name);
  }
});
