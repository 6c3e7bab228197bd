import { join } from 'node:path';
import { expect, it } from 'vitest';
import { examplesOf, faultsOf } from './examples.ts';
import { packagesOf } from './workspace.ts';

const root = join(import.meta.dirname, '../../..');

it('the examples in docstrings compile, and wrong ones would not', () => {
  const packages = packagesOf(root);
  const examples = examplesOf(root, packages);
  expect(examples.length).toBeGreaterThan(300);
  const made = [
    "const x = tensor(backend, [1], { dtyp: 'f32' });",
    'sum();',
    'const n: string = zeros(backend, [2]).size;',
    'const y = add(x, 1);\nawait y.data();',
  ].map((code, k) => ({ file: 'packages/core/src/create.ts', place: `wrong ${String(k)}`, code: `${code}\n` }));
  const faults = faultsOf([...examples, ...made], packages, root);
  expect(faults.filter((fault) => !fault.startsWith('wrong'))).toEqual([]);
  // The last one is right: x is what the reader has.
  expect(faults.map((fault) => fault.split(':')[0]).filter((place) => place?.startsWith('wrong'))).toEqual([
    'wrong 0',
    'wrong 1',
    'wrong 2',
  ]);
}, 300_000);
