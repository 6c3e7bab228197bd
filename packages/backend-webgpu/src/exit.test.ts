import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { missingAdapter } from './test-support/adapter.ts';

const missing = await missingAdapter();

/** Runs a program in a process of its own, which has to end by itself. */
async function run(code: string): Promise<string> {
  const flags = [
    '--conditions=@timestep/source',
    '--input-type=module-typescript',
    '--disable-warning=ExperimentalWarning',
    '--eval',
    code,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, flags, {
    cwd: new URL('..', import.meta.url),
    timeout: 60_000,
  });
  return stdout;
}

const work = `
import { createWebGpuBackend } from './src/index.ts';
const backend = await createWebGpuBackend();
const x = backend.alloc('f32', 1000);
backend.fill(x, 2);
console.log((await backend.read(x))[999]);
`;

test.skipIf(missing !== null).each([
  ['once', 'await backend.dispose();'],
  ['twice at once', 'await Promise.all([backend.dispose(), backend.dispose()]);'],
  ['with work underway', 'backend.fill(x, 3); backend.flush(); await backend.dispose();'],
  ['after the device was lost', 'backend.device.destroy(); await backend.device.lost; await backend.dispose();'],
])('the process ends by itself after dispose, %s', async (_, ending) => {
  expect(await run(`${work}${ending}\nconsole.log('end');`)).toBe('2\nend\n');
});

test.skipIf(missing !== null)('what is used after dispose is a typed error', async () => {
  const printed = await run(`${work}
    await backend.dispose();
    for (const use of [() => backend.alloc('f32', 1), () => backend.fill(x, 1), () => backend.flush()]) {
      try { use(); } catch (error) { console.log(error.code); }
    }
    await backend.read(x).catch((error) => console.log(error.code));
    await backend.sync().catch((error) => console.log(error.code));`);
  expect(printed).toBe('2\nDISPOSED\nDISPOSED\nDISPOSED\nDISPOSED\nDISPOSED\n');
});
