import type { Backend } from '@timestep/backend-api';
import { tensor, type Tensor } from '@timestep/core';
import type { Digest } from '../../src/case.ts';
import { digest, fillValues, seedOf } from '../../src/values.ts';

/** The numbers that every contestant has under this label. */
export function values(backend: Backend, label: string, shape: readonly number[], scale: number): Tensor {
  const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
  return tensor(backend, fillValues(data, seedOf(label), scale), { shape });
}

/** Waits until the device has done what was asked; on a host backend it already has. */
export async function settle(backend: Backend): Promise<void> {
  if (backend.hostView) return;
  backend.flush();
  await backend.sync();
}

export async function digestOf(tensors: Readonly<Record<string, Tensor | null>>): Promise<Digest> {
  const entries = Object.entries(tensors).filter((entry): entry is [string, Tensor] => entry[1] !== null);
  return Object.fromEntries(
    await Promise.all(entries.map(async ([key, one]) => [key, digest(await one.data())] as const)),
  );
}
