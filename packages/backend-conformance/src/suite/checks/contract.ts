import { specVersion, type FusedOps } from '@timestep/backend-api';
import { expectThat, type Check } from '../check.ts';

/** Fused operations that are run in place instead of forward and backward. */
const updates: readonly (keyof FusedOps)[] = ['globalNorm', 'adamStep', 'sgdStep'];

export const contractChecks: readonly Check[] = [
  {
    name: 'contract: specVersion, name and capabilities are filled in',
    async run({ backend }) {
      const { device, software, threads, maxBufferBytes } = backend.capabilities;
      expectThat(
        backend.specVersion === specVersion,
        `expected specVersion ${specVersion}, got ${backend.specVersion}`,
      );
      expectThat(/^[a-z][a-z0-9-]*$/.test(backend.name), `expected a short lower-case name, got '${backend.name}'`);
      expectThat(
        device.length > 0 && !device.includes('\n'),
        `expected one line in capabilities.device, got '${device}'`,
      );
      expectThat(typeof software === 'boolean', `expected a boolean in capabilities.software, got ${software}`);
      expectThat(Number.isInteger(threads) && threads >= 1, `expected 1 thread or more, got ${threads}`);
      expectThat(
        maxBufferBytes >= 2 ** 26,
        `expected buffers of 64 MiB to be possible, got a limit of ${maxBufferBytes} bytes`,
      );
    },
  },
  {
    name: 'contract: a fused operation never ships without its other half',
    async run({ backend }) {
      for (const [name, op] of Object.entries(backend.fused) as [keyof FusedOps, object | undefined][]) {
        if (op === undefined) continue;
        const methods = updates.includes(name) ? ['supports', 'run'] : ['supports', 'forward', 'backward'];
        for (const method of methods) {
          expectThat(
            method in op && typeof Reflect.get(op, method) === 'function',
            `expected fused.${name}.${method} to be a function`,
          );
        }
      }
    },
  },
  {
    name: 'contract: dispose twice does no harm, flush and sync may be called at any time',
    async run({ create }) {
      const backend = await create();
      backend.flush();
      await backend.sync();
      const buffer = backend.alloc('f32', 3);
      backend.fill(buffer, 1);
      backend.flush();
      backend.flush();
      await backend.sync();
      await backend.dispose();
      await backend.dispose();
    },
  },
  {
    name: 'contract: await using disposes the backend',
    async run({ create }) {
      const within = async (): Promise<() => Promise<unknown>> => {
        await using backend = await create();
        const buffer = backend.alloc('f32', 3);
        backend.fill(buffer, 1);
        // Asynchronous, so that an error is a rejection whichever way it comes.
        return async () => await backend.read(buffer);
      };
      const read = await within();
      const left = await read().then(
        () => 'its contents',
        () => 'an error',
      );
      expectThat(left === 'an error', `expected a buffer to be gone after 'await using', read gave ${left}`);
    },
  },
];
