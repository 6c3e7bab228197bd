import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, describe, expect, it } from 'vitest';
import { manifestOf, pack, packagesFolder, publishedPackages } from './pack.ts';

const folder = mkdtempSync(join(tmpdir(), 'timestep-pack-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(publishedPackages())('packages/%s as npm would ship it', (name) => {
  it('says what it is', () => {
    const manifest = manifestOf(name);
    expect(manifest).toMatchObject({
      name: `@timestep/${name}`,
      license: 'MIT',
      sideEffects: false,
      files: expect.arrayContaining(['dist']) as unknown,
    });
    expect(manifest.private).toBeUndefined();
    expect(manifest.description?.length).toBeGreaterThan(20);
    expect(manifest.keywords).toContain('timestep');
    expect(existsSync(join(packagesFolder, name, 'README.md'))).toBe(true);
  });

  it('passes publint and are-the-types-wrong, without the sources condition', async () => {
    const tarball = await pack(name, folder);
    const bytes = readFileSync(tarball);
    const { messages, pkg } = await publint({
      pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg ?? {}))).toEqual([]);
    expect(JSON.stringify(pkg)).not.toContain('@timestep/source');
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(bytes)));
    const problems = analysis.types ? analysis.problems : [{ kind: 'NoTypes' as const }];
    // The packages are ESM only, so `require` and the resolution of Node 10 do not matter.
    const real = problems.filter(
      (problem) =>
        problem.kind !== 'CJSResolvesToESM' && !('resolutionKind' in problem && problem.resolutionKind === 'node10'),
    );
    expect(real).toEqual([]);
  });
});
