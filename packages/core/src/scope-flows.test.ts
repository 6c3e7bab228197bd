import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as core from './index.ts';
import { createReferenceBackend } from './test-support/reference.ts';

declare const setTimeout: (run: (value?: unknown) => void, milliseconds: number) => unknown;

type Core = typeof core;
type Tensor = core.Tensor;
type Reference = ReturnType<typeof createReferenceBackend>;

/** A small generator of our own, so that a flow's script depends on its seed alone. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/** Lets other flows run: by microtasks, by a timer, or not at all. */
async function pause(roll: (sides: number) => number): Promise<void> {
  const kind = roll(6);
  if (kind === 5) await new Promise((resolve) => setTimeout(resolve, roll(2)));
  else if (kind > 0) for (let hop = 0; hop < kind; hop++) await Promise.resolve();
}

const modes = ['auto', 'off'] as const;

/**
 * A piece of asynchronous work that makes tensors, waits, nests scopes and writes down what it sees.
 *
 * @param entered scopes of `openScope`, else of `createScope` with `run`
 */
async function work(core: Core, backend: Reference, weight: Tensor, seed: number, entered: boolean): Promise<string[]> {
  const roll = dice(seed);
  const log: string[] = [];
  const inside = async (depth: number): Promise<Tensor | null> => {
    const options = {
      ...(roll(2) > 0 ? { gradient: roll(2) > 0 } : {}),
      ...(roll(2) > 0 ? { training: roll(2) > 0 } : {}),
      ...(roll(2) > 0 ? { fused: modes[roll(2)]! } : {}),
    };
    const scope = entered ? core.openScope(backend, options) : core.createScope(backend, options);
    const run = <T>(body: () => T): T => (entered ? body() : scope.run(body));
    const made: Tensor[] = [];
    let kept: Tensor | null = null;
    for (let step = 0; step < 2 + roll(4); step++) {
      run(() => {
        const value = core.multiply(weight, core.tensor(backend, [roll(100)]));
        made.push(
          value,
          core.noGrad(backend, () => core.affine(value, 2)),
        );
        const before = core.fusedReport(backend).softmax ?? { fused: 0, fallback: 0 };
        const flat = core.softmax(value);
        const after = core.fusedReport(backend).softmax!;
        made.push(flat);
        log.push(
          `${depth} ${JSON.stringify(options)} gradient ${value.requiresGrad} ${made.at(-2)!.requiresGrad} training ${core.isTraining()} fused ${after.fused - before.fused} scope ${scope.size}`,
        );
        if (value.requiresGrad && roll(2) > 0) {
          core.sum(core.multiply(value, value)).backward(undefined, { retainGraph: true });
          log.push('backward');
        }
      });
      await pause(roll);
      expect(made.every(({ disposed, owner }) => !disposed && owner === scope)).toBe(true);
      if (depth < 3 && roll(3) === 0) {
        const inner = await inside(depth + 1);
        if (inner) log.push(`inner ${inner.disposed} ${[...(await inner.data())].join()}`);
        inner?.dispose();
      }
      log.push([...(await made[roll(made.length)]!.data())].join());
    }
    if (roll(2) > 0) kept = scope.keep(made[roll(made.length)]!.detach());
    // What is kept belongs to whom called: none may take it over.
    kept?.owner?.release(kept);
    scope.close();
    expect(made.every(({ disposed }) => disposed)).toBe(true);
    return kept;
  };
  for (let round = 0; round < 3; round++) {
    await pause(roll);
    (await inside(0))?.dispose();
    log.push(`outside ${core.square(weight).requiresGrad}`);
  }
  return log;
}

async function compare(core: Core, entered: boolean, flows: number): Promise<void> {
  const backend = createReferenceBackend();
  const weight = core.tensor(backend, [1.5], { requiresGrad: true });
  const start = backend.memory().buffers;
  const seeds = Array.from({ length: flows }, (_, k) => 977 * k + 1);
  const alone: string[][] = [];
  for (const seed of seeds) alone.push(await work(core, backend, weight, seed, entered));
  const together = await Promise.all(
    seeds.map(async (seed) => {
      // As the handlers of a server begin: each in a turn of its own.
      if (entered) await new Promise((resolve) => setTimeout(resolve, seed % 5));
      return await work(core, backend, weight, seed, entered);
    }),
  );
  expect(together).toEqual(alone);
  expect(alone.flat().filter((line) => line.startsWith('outside true'))).toHaveLength(3 * flows);
  weight.grad?.dispose();
  weight.grad = null;
  expect(backend.memory().buffers - start, 'squares made outside').toBe(2 * 3 * flows);
}

describe.each(['Node', 'a browser'])('overlapping scopes in %s', (platform) => {
  let core: Core;
  beforeEach(async () => {
    // A browser has no AsyncLocalStorage.
    if (platform === 'a browser') vi.stubGlobal('process', undefined);
    vi.resetModules();
    core = await import('./index.ts');
  });
  afterEach(() => vi.unstubAllGlobals());

  it('do not switch gradients off, in whatever order they close', () => {
    const backend = createReferenceBackend();
    const x = core.tensor(backend, [1], { requiresGrad: true });
    const first = core.openScope(backend, { gradient: false });
    const second = core.openScope(backend, { gradient: false });
    first.close();
    expect(core.square(x).requiresGrad).toBe(false);
    second.close();
    expect(core.square(x).requiresGrad).toBe(true);
  });

  it('leave the modes of work in its own scope alone', () => {
    const backend = createReferenceBackend();
    const x = core.tensor(backend, [1], { requiresGrad: true });
    using _other = core.openScope(backend, { gradient: false, training: false, fused: 'off' });
    using mine = core.openScope(backend);
    expect([core.square(x).requiresGrad, core.isTraining()]).toEqual([true, true]);
    core.softmax(x);
    expect(core.fusedReport(backend).softmax).toEqual({ fused: 1, fallback: 0 });
    mine.close();
    using made = core.createScope(backend);
    expect(made.run(() => core.square(x).requiresGrad)).toBe(true);
  });

  it('take modes over from the function that runs', () => {
    const backend = createReferenceBackend();
    const x = core.tensor(backend, [1], { requiresGrad: true });
    using scope = core.createScope(backend, { gradient: false, training: false });
    const other = createReferenceBackend();
    scope.run(() => {
      using inner = core.openScope(backend);
      expect(core.square(x).requiresGrad).toBe(false);
      expect(core.tidy(other, () => core.ones(other, [core.isTraining() ? 1 : 2])).size).toBe(2);
      expect(inner.size).toBe(1);
    });
    expect(core.square(x).requiresGrad).toBe(true);
  });

  it('adopt nothing that another one runs', () => {
    const backend = createReferenceBackend();
    using a = core.createScope(backend);
    using entered = core.openScope(backend);
    using b = core.createScope(backend);
    const [x, y, z] = [a, b, entered].map((scope) => scope.run(() => core.ones(backend, [1])));
    expect([x!.owner, y!.owner, z!.owner]).toEqual([a, b, entered]);
    entered.close();
    a.close();
    expect([x!.disposed, y!.disposed, z!.disposed]).toEqual([true, false, true]);
  });

  it('keep for the scope that was around when they were made, as long as that is open', () => {
    const backend = createReferenceBackend();
    const outer = core.openScope(backend);
    const inner = core.openScope(backend);
    const [x, y] = [core.ones(backend, [1]), core.ones(backend, [1])];
    using _later = core.openScope(backend);
    expect(inner.keep(x).owner).toBe(outer);
    outer.close();
    expect(x.disposed).toBe(true);
    expect(inner.keep(y).owner).toBeNull();
    inner.close();
    expect(y.disposed).toBe(false);
  });

  it('name what went wrong where a tensor went with the scope of other work', () => {
    const backend = createReferenceBackend();
    using _mine = core.openScope(backend);
    const other = core.openScope(backend);
    const x = core.ones(backend, [1]);
    other.close();
    expect(() => core.square(x)).toThrow(/while another one was open on this backend.*createScope/);
  });

  it('are refused where they could not hold: asynchronous functions, closed scopes', async () => {
    const backend = createReferenceBackend();
    using scope = core.createScope(backend);
    const body = async (): Promise<Tensor> => await Promise.resolve(core.ones(backend, [1]));
    for (const call of [
      () => scope.run(body),
      () => core.noGrad(backend, body),
      () => core.withFused(backend, 'off', body),
      () => core.inScope(backend, {}, body),
    ])
      expect(call).toThrow(/expected a synchronous function, got an asynchronous one/);
    expect(() => core.tidy(backend, (() => body()) as never)).toThrow(/got a promise/);
    await Promise.resolve();
    scope.close();
    expect(() => scope.run(() => 1)).toThrow(/scope.run\] this scope was closed/);
    expect(() => core.openScope(backend, { gradiant: false } as never)).toThrow(/did you mean gradient/);
    expect(() => core.openScope(backend, { gradient: 'no' } as never)).toThrow(/expected gradient to be true or false/);
  });

  it('are equal to the sequential run however the flows interleave, entered by run', async () => {
    await compare(core, false, 40);
  });
});

describe('overlapping scopes of openScope', () => {
  it('are equal to the sequential run however the flows interleave, where flows can be told apart', async () => {
    await compare(await import('./index.ts'), true, 40);
  });
});
