import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCpuBackend } from '@timestep/backend-cpu';
import { compareAll } from '../../../packages/interop/src/test-support/keras-models.ts';

// Makes the models with Keras, reads them here and prints what became of each; a folder that was made before is read
// again: `npx pnpm keras [FOLDER]`.
const [given] = process.argv.slice(2);
const folder = given ?? mkdtempSync(join(tmpdir(), 'keras-tests-'));
if (given === undefined) {
  const script = fileURLToPath(new URL('../models.py', import.meta.url));
  const { status } = spawnSync('python3', [script, folder], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) {
    console.error('the models could not be made; this needs python3 with `pip install keras torch`');
    process.exit(1);
  }
}
const backend = await createCpuBackend();
const verdicts = await compareAll(folder, backend);
for (const { name, outcome, detail } of verdicts) console.log(`${outcome.padEnd(8)} ${name.padEnd(45)} ${detail}`);
const count = (outcome: string) => verdicts.filter((one) => one.outcome === outcome).length;
console.log(
  `${verdicts.length} models: ${count('equal')} equal within 1e-5, ${count('refused')} refused by name, ${count('wrong')} wrong`,
);
if (given === undefined) rmSync(folder, { recursive: true });
process.exitCode = count('wrong') === 0 ? 0 : 1;
