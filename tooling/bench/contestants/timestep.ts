// The benchmark's own side of Timestep: `node timestep.ts BACKEND THREADS`.
import { readFileSync } from 'node:fs';
import type { Case } from '../src/case.ts';
import { createBackend } from './create-backend.ts';
import { serve, type Work } from './serve.ts';
import { characterModel } from './timestep/character-model.ts';
import { ctc } from './timestep/ctc.ts';
import { product } from './timestep/matmul.ts';
import { recurrent } from './timestep/recurrent.ts';
import { step } from './timestep/step.ts';

const [name = 'cpu', threads = '1'] = process.argv.slice(2);
const backend = await createBackend(name, Number(threads));

function prepare(work: Case): Work | { readonly unsupported: string } {
  switch (work.kind) {
    case 'recurrent':
      return recurrent(backend, work);
    case 'matmul':
      return product(backend, work);
    case 'ctc':
      return ctc(backend, work);
    case 'character-model':
      return characterModel(backend, work);
    case 'step':
      return backend.hostView ? step(backend, work) : { unsupported: 'a stream needs a backend on the host' };
  }
}

const { version } = JSON.parse(readFileSync(new URL(import.meta.resolve('@timestep/core/package.json')), 'utf8')) as {
  version: string;
};
await serve({ version, device: backend.capabilities.device }, prepare);
await backend.dispose();
