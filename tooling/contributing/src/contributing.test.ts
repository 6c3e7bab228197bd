import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, stepsOf } from './blocks.ts';
import { root, WorkspaceCopy } from './copy.ts';

const kernelBlocks = blocksOf(readFileSync(join(root, 'packages/backend-cpu/KERNELS.md'), 'utf8'));
let copy: WorkspaceCopy;
beforeAll(() => {
  copy = new WorkspaceCopy();
});
afterAll(() => copy.remove());

// The tests of this file go through the page from top to bottom; each needs the ones before it.
describe('CONTRIBUTING.md adds an op', () => {
  const steps = stepsOf(readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8'));
  const take = (title: string): void => {
    const blocks = steps.get(title);
    if (!blocks?.length) throw new Error(`CONTRIBUTING.md has no step "${title}" with a change`);
    for (const block of blocks) copy.apply(block);
  };
  const lacking = /'softsign' is missing|softsign/u;
  const coverage = ['src/suite/op-coverage.test.ts', '-t', 'softsign'] as const;

  it('has the seven steps that this test takes', () => {
    expect([...steps.keys()]).toEqual([
      '1. The table',
      '2. The truth',
      '3. The check',
      '4. The fault',
      '5. The CPU',
      '6. WebGPU',
      '7. The tensor op',
    ]);
  });

  it('1: three packages no longer compile', () => {
    take('1. The table');
    for (const name of ['backend-conformance', 'backend-cpu', 'backend-webgpu']) {
      expect(copy.typeErrors(name)).toMatch(lacking);
    }
  });

  it('2: the suite compiles, and misses a check', () => {
    take('2. The truth');
    expect(copy.typeErrors('backend-conformance')).toBe('');
    expect(copy.test('backend-conformance', ...coverage).passed).toBe(false);
  });

  it('3: the check is there', () => {
    take('3. The check');
    expect(copy.test('backend-conformance', ...coverage)).toMatchObject({ passed: true });
  });

  it('4: the broken backend is caught', () => {
    take('4. The fault');
    const { passed, output } = copy.test('backend-conformance', 'src/broken-backends', '-t', 'softsign forgets');
    expect(output).toMatch(/Tests\s+1 passed/u);
    expect(passed).toBe(true);
  });

  it('5: backend-cpu compiles', () => {
    expect(copy.typeErrors('backend-cpu')).toMatch(lacking);
    take('5. The CPU');
    // What KERNELS.md says is done here too: the kernels take long to build.
    for (const block of kernelBlocks) copy.apply(block, 'packages/backend-cpu');
    expect(copy.node('packages/backend-cpu', 'scripts/build-kernels.mjs')).toMatchObject({ status: 0 });
    expect(copy.typeErrors('backend-cpu')).toBe('');
  });

  it('6: backend-webgpu compiles', () => {
    take('6. WebGPU');
    expect(copy.typeErrors('backend-webgpu')).toBe('');
  });

  it('7: everything about the op is green', () => {
    take('7. The tensor op');
    for (const name of ['backend-conformance', 'backend-cpu', 'core']) {
      const { passed, output } = copy.test(name, '-t', 'softsign');
      expect(output).toMatch(/Tests\s+[1-9]\d* passed/u);
      expect(passed).toBe(true);
    }
    expect(copy.typeErrors('core')).toBe('');
  });
});

describe('KERNELS.md adds a kernel', () => {
  it('that scales rows', () => {
    expect(kernelBlocks.map(({ path }) => path)).toEqual(['assembly/rows/scale.ts', 'assembly/rows/index.ts']);
    const program = `
      import { createEngine } from '@timestep/backend-cpu/extend';
      const engine = await createEngine({ threads: 2 });
      const input = engine.allocate('f32', 12);
      const out = engine.allocate('f32', 12);
      engine.f32.set(Float32Array.from({ length: 12 }, (_, i) => i), engine.address(input) / 4);
      engine.run('scaleRows', 2, [engine.address(input), engine.address(out), 3, 4], [2.5]);
      console.log([...engine.f32.subarray(engine.address(out) / 4, engine.address(out) / 4 + 12)].join(' '));
      process.exit(0);`;
    const { output } = copy.node(
      'packages/backend-native',
      '--conditions=@timestep/source',
      '--disable-warning=ExperimentalWarning',
      '--input-type=module-typescript',
      '--eval',
      program,
    );
    expect(output).toBe('0 2.5 5 7.5 10 12.5 15 17.5 20 22.5 25 27.5\n');
  });
});
