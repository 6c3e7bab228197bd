import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { createCpuBackend } from '@timestep/backend-cpu';
import { createNativeBackend } from '@timestep/backend-native';
import { createWebGpuBackend } from '@timestep/backend-webgpu';
import type { Backend, FusedMode } from '@timestep/core';
import type { EdgeCase } from './cases/case.ts';
import { edgeCases } from './cases/index.ts';

/** A backend that every case runs on, where this machine has what it needs. */
export interface Subject {
  readonly name: string;
  readonly fused: FusedMode;
  /** It is slow here, so that it leaves out what is `more`. */
  readonly slow?: boolean;
  /** null where a library or an adapter is missing here */
  create(): Promise<Backend | null>;
}

/** With `variable` set to 1, as CI sets it, what is missing is an error. */
async function unlessMissing(variable: string, create: () => Promise<Backend>): Promise<Backend | null> {
  try {
    return await create();
  } catch (error) {
    if (process.env[variable] === '1') throw error;
    console.warn(`skipped: ${(error as Error).message}`);
    return null;
  }
}

/** The cases that a subject runs. */
export function casesOf({ name, slow = false }: Subject): EdgeCase[] {
  return edgeCases.filter(({ hostOnly, more }) => (!hostOnly || name === subjects[0]!.name) && !(slow && more));
}

export const subjects: readonly Subject[] = [
  { name: 'reference, fused', fused: 'auto', create: async () => createReferenceBackend() },
  { name: 'reference, unfused', fused: 'off', create: async () => createReferenceBackend() },
  { name: 'cpu, fused', fused: 'auto', create: () => createCpuBackend({ threads: 1 }) },
  { name: 'cpu, unfused', fused: 'off', create: () => createCpuBackend({ threads: 1 }) },
  {
    name: 'native, fused',
    fused: 'auto',
    slow: true,
    create: () =>
      unlessMissing('TIMESTEP_REQUIRE_NATIVE', () =>
        createNativeBackend({ library: 'onednn', threads: 1, threshold: 0 }),
      ),
  },
  {
    name: 'webgpu, fused',
    fused: 'auto',
    slow: true,
    create: () => unlessMissing('TIMESTEP_REQUIRE_WEBGPU', () => createWebGpuBackend()),
  },
];
