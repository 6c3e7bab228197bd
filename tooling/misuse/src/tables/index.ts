import * as backendApi from '@timestep/backend-api';
import * as cpu from '@timestep/backend-cpu';
import * as ctc from '@timestep/ctc';
import * as layers from '@timestep/layers';
import * as safetensors from '@timestep/safetensors';
import * as train from '@timestep/train';
import type { Entry } from '../mutations.ts';
import { backendApiTable, backendApiWithout, cpuTable } from './backends.ts';
import { core, coreTable, coreWithout } from './core.ts';
import { ctcTable, ctcWithout } from './ctc.ts';
import { layersTable, layersWithout } from './layers.ts';
import { safetensorsTable, safetensorsWithout } from './safetensors.ts';
import { trainTable, trainWithout } from './train.ts';

export interface PackageTable {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly table: readonly Entry[];
  /** Exports without a call, and why. */
  readonly without: Readonly<Record<string, string>>;
}

export const packages: readonly PackageTable[] = [
  { name: 'core', exports: core, table: coreTable, without: coreWithout },
  { name: 'layers', exports: layers, table: layersTable, without: layersWithout },
  { name: 'ctc', exports: ctc, table: ctcTable, without: ctcWithout },
  { name: 'train', exports: train, table: trainTable, without: trainWithout },
  { name: 'safetensors', exports: safetensors, table: safetensorsTable, without: safetensorsWithout },
  { name: 'backend-api', exports: backendApi, table: backendApiTable, without: backendApiWithout },
  { name: 'backend-cpu', exports: cpu, table: cpuTable, without: {} },
];

/** Packages without a table, and why. The list may only shrink. */
export const withoutTable: Readonly<Record<string, string>> = {
  'backend-auto': 'not in the table yet',
  'backend-conformance': 'a test suite: it is handed a backend by typed code',
  'backend-native': 'not in the table yet; its options are those of backend-cpu',
  'backend-webgpu': 'not in the table yet',
  datasets: 'not in the table yet; packages/datasets/src/arguments.test.ts calls its functions',
  interop: 'not in the table yet; packages/interop/src/arguments.test.ts calls its functions',
};
