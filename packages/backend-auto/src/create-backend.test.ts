import { DeviceError, type Backend } from '@timestep/backend-api';
import { tensor } from '@timestep/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { BackendChoice, BackendName } from './choice.ts';
import { createBackendFrom } from './create-backend.ts';
import { createBackend } from './index.ts';
import type { Importers, Maker } from './importers.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const given: { name: BackendName; options: unknown }[] = [];

/** A package that works. */
const works = (name: BackendName) => (): Promise<Maker> =>
  Promise.resolve((options) => {
    given.push({ name, options });
    return Promise.resolve({ name, capabilities: { device: `a ${name} device` } } as Backend);
  });
/** A package that isn't installed, in the words of Node, of esbuild, and of Vite. */
const absent = (name: BackendName) => (): Promise<Maker> =>
  Promise.reject(
    Object.assign(new Error(`Cannot find package '@timestep/backend-${name}' imported from here`), {
      code: 'ERR_MODULE_NOT_FOUND',
    }),
  );
/** A package whose binary does not load. */
const broken = (): Promise<Maker> => Promise.reject(new Error('invalid ELF header\nsecond line'));
/** A package that finds no device. */
const without = (cause?: Error) => (): Promise<Maker> =>
  Promise.resolve(() => Promise.reject(new DeviceError('NO_DEVICE', '[it] found nothing; install it', { cause })));

const all: Importers = { webgpu: works('webgpu'), native: works('native'), cpu: works('cpu') };

async function choose(packages: Partial<Importers>, name: BackendName | 'auto' = 'auto') {
  given.length = 0;
  const choices: BackendChoice[] = [];
  const backend = await createBackendFrom({ ...all, ...packages }, name, {
    onChoice: (choice) => choices.push(choice),
  });
  expect(choices).toHaveLength(1);
  expect(backend.name).toBe(choices[0]!.name);
  expect(choices[0]!.summary).not.toContain('\n');
  return choices[0]!;
}

describe('createBackend', () => {
  it('takes the first that works, WebGPU on hardware alone, and says why', async () => {
    expect(await choose({})).toMatchObject({ name: 'webgpu', device: 'a webgpu device', passedOver: [] });
    expect(given).toEqual([{ name: 'webgpu', options: { requireHardware: true } }]);
    const native = await choose({ webgpu: absent('webgpu') });
    expect(native.summary).toBe(
      'backend native (a native device); not taken: webgpu: @timestep/backend-webgpu is not installed',
    );
    const cpu = await choose({ webgpu: without(), native: broken });
    expect(cpu.passedOver.map(({ name, because }) => [name, because])).toEqual([
      ['webgpu', 'unavailable'],
      ['native', 'broken'],
    ]);
    expect(cpu.summary).toContain('native: @timestep/backend-native does not load (invalid ELF header)');
  });

  it('says in one line where an installed library does not load, and nothing where all is as it should be', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    const run = async (packages: Partial<Importers>): Promise<number> => {
      warn.mockClear();
      await createBackendFrom({ ...all, ...packages }, 'auto', {});
      return warn.mock.calls.length;
    };
    const dawnIsMissing = Object.assign(new Error('no webgpu'), { code: 'ERR_MODULE_NOT_FOUND' });
    expect(await run({})).toBe(0);
    expect(await run({ webgpu: without(dawnIsMissing) })).toBe(0);
    expect(await run({ webgpu: absent('webgpu'), native: absent('native') })).toBe(0);
    expect(await run({ webgpu: without(), native: without() })).toBe(1);
    expect(await run({ webgpu: without(), native: broken })).toBe(1);
    expect(String(warn.mock.calls[0]![0])).toMatch(/^\[createBackend\] backend cpu .*invalid ELF header/);
    expect(await run({ webgpu: without(new Error('bad binary')) })).toBe(1);
  });

  it('takes a name at its word, with that backend’s options', async () => {
    expect((await choose({}, 'cpu')).name).toBe('cpu');
    given.length = 0;
    await createBackendFrom(all, 'webgpu', { webgpu: { powerPreference: 'low-power' }, cpu: { threads: 1 } });
    expect(given).toEqual([{ name: 'webgpu', options: { powerPreference: 'low-power' } }]);
    await expect(choose({ native: absent('native') }, 'native')).rejects.toThrow(
      /backend native cannot be made.*not installed; run `npm install @timestep\/backend-native`/,
    );
    await expect(choose({ native: broken }, 'native')).rejects.toThrow(/does not load \(invalid ELF header\)/);
    await expect(choose({ webgpu: without() }, 'webgpu')).rejects.toThrow('[it] found nothing; install it');
  });

  it('does not hide a wrong option behind another backend', async () => {
    const refuses = (): Promise<Maker> =>
      Promise.resolve(() => Promise.reject(Object.assign(new Error('threads'), { code: 'INVALID_ARGUMENT' })));
    await expect(choose({ webgpu: refuses })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    for (const [name, options] of [
      ['cuda', {}],
      ['auto', { webgp: {} }],
      ['auto', { cpu: 4 }],
      ['auto', { onChoice: 'print' }],
      ['auto', null],
    ])
      await expect(createBackend(name as 'auto', options as object)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    await expect(createBackend('cpu', { cpu: { threads: -1 } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('says what to install where there is nothing, and leaves the native one out of browsers', async () => {
    const nothing = { webgpu: absent('webgpu'), native: absent('native'), cpu: absent('cpu') };
    await expect(choose(nothing)).rejects.toThrow(/no backend works here.*npm install @timestep\/backend-cpu/);
    vi.stubGlobal('process', undefined);
    const choice = await choose({ webgpu: without() });
    expect(choice).toMatchObject({ name: 'cpu' });
    expect(choice.passedOver[1]).toMatchObject({ name: 'native', because: 'absent' });
  });

  it('computes on what is installed', async () => {
    await using backend = await createBackend('cpu', { cpu: { threads: 1 } });
    expect([...(await tensor(backend, [1, 2]).data())]).toEqual([1, 2]);
    expect((await createBackend('auto', { onChoice: () => undefined })).name).toMatch(/^(cpu|native|webgpu)$/);
  });
});
