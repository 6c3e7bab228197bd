import * as backendApi from '@timestep/backend-api';
import * as auto from '@timestep/backend-auto';
import * as cpu from '@timestep/backend-cpu';
import * as native from '@timestep/backend-native';
import * as webgpu from '@timestep/backend-webgpu';
import * as ctc from '@timestep/ctc';
import * as layers from '@timestep/layers';
import * as safetensors from '@timestep/safetensors';
import * as train from '@timestep/train';
import type { Entry } from '../mutations.ts';
import { autoTable, backendApiTable, backendApiWithout, cpuTable, nativeTable, webGpuTable } from './backends.ts';
import { core, coreTable, coreWithout } from './core.ts';
import { ctcTable, ctcWithout } from './ctc.ts';
import { datasetsExports, datasetsTable, datasetsWithout } from './datasets.ts';
import { interopExports, interopTable, interopWithout } from './interop.ts';
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
  { name: 'backend-native', exports: native, table: nativeTable, without: {} },
  { name: 'backend-webgpu', exports: webgpu, table: webGpuTable, without: {} },
  { name: 'backend-auto', exports: auto, table: autoTable, without: {} },
  { name: 'datasets', exports: datasetsExports, table: datasetsTable, without: datasetsWithout },
  { name: 'interop', exports: interopExports, table: interopTable, without: interopWithout },
];

/** Packages without a table, and why. The list may only shrink. */
export const withoutTable: Readonly<Record<string, string>> = {
  'backend-conformance': 'a test suite: it is handed a backend by typed code',
};
