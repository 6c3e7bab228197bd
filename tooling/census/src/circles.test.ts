import { join } from 'node:path';
import { expect, it } from 'vitest';
import { circlesOf } from './circles.ts';

it('no files of this workspace import one another in a circle, imports of types included', () => {
  expect(circlesOf(join(import.meta.dirname, '../../..'))).toEqual([]);
});
