import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { pack, packagesFolder } from './pack.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'timestep-peer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Reads a Keras file, once in a thread and once in this one, and prints the codes of the errors. */
const program = `
import { readFile } from 'node:fs/promises';
import { createCpuBackend } from '@timestep/backend-cpu';
import { readStateDict } from '@timestep/interop';
import { readHdf5 } from '@timestep/interop/hdf5';
import { importKeras } from '@timestep/interop/keras';
import { createHdf5Reader } from '@timestep/interop/node';

const fixtures = process.argv[2];
const backend = await createCpuBackend({ threads: 1 });
const file = await readFile(fixtures + '/keras-lstm.keras');
const outcomes = [readStateDict(await readFile(fixtures + '/pt/state.pt')).size];
using inThread = createHdf5Reader();
for (const reader of [inThread, readHdf5])
  outcomes.push(await importKeras(file, { backend, readHdf5: reader }).then((model) => model.outputs, (error) => error.code + ': ' + error.message));
console.log(JSON.stringify(outcomes));
await backend.dispose();
`;

it('interop works without h5wasm, and names it where a Keras file is read', async () => {
  const names = ['backend-api', 'core', 'layers', 'safetensors', 'backend-cpu', 'interop'];
  const tarballs = await Promise.all(names.map((name) => pack(name, folder)));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  writeFileSync(join(folder, 'read.mjs'), program);
  const install = (...packages: string[]) =>
    run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], { cwd: folder });
  const read = async () => {
    const fixtures = join(packagesFolder, 'interop', 'src', 'fixtures');
    const { stdout } = await run(process.execPath, ['read.mjs', fixtures], { cwd: folder });
    return JSON.parse(stdout) as [number, unknown, unknown];
  };
  await install(...tarballs);
  expect(existsSync(join(folder, 'node_modules', 'h5wasm'))).toBe(false);
  const missing = expect.stringMatching(/^MISSING_PACKAGE: .*npm install h5wasm/) as unknown;
  expect(await read()).toEqual([8, missing, missing]);
  await install('h5wasm@0.10.3');
  expect(await read()).toEqual([8, ['time_distributed'], ['time_distributed']]);
}, 300_000);
