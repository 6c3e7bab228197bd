import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const work = `
import { createCpuBackend } from './src/index.ts';
const backend = await createCpuBackend({ threads: 3 });
const x = backend.alloc('f32', 1_000_000);
backend.fill(x, 2);
const [first] = await backend.read(x);
`;

/** Runs a program in a process of its own, which has to end by itself. */
function run(code: string): Promise<{ stdout: string; stderr: string }> {
  const flags = [
    '--conditions=@timestep/source',
    '--input-type=module-typescript',
    '--disable-warning=ExperimentalWarning',
    '--eval',
    code,
  ];
  return promisify(execFile)(process.execPath, flags, { cwd: new URL('..', import.meta.url) });
}

test.each([
  ['after dispose', 'await backend.dispose();'],
  ['after dispose, twice at once', 'await Promise.all([backend.dispose(), backend.dispose()]);'],
  ['without dispose', ''],
])('the process ends by itself %s', async (_, ending) => {
  expect(await run(`${work}${ending}\nconsole.log(first);`)).toEqual({ stdout: '2\n', stderr: '' });
});

test('what is used after dispose is a typed error', async () => {
  const { stdout } = await run(`${work}
    await backend.dispose();
    for (const use of [() => backend.alloc('f32', 1), () => backend.fill(x, 1), () => backend.flush()]) {
      try { use(); } catch (error) { console.log(error.code); }
    }
    await backend.read(x).catch((error) => console.log(error.code));`);
  expect(stdout).toBe('DISPOSED\nDISPOSED\nDISPOSED\nDISPOSED\n');
});
