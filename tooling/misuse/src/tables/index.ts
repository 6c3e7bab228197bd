import * as core from '@timestep/core';
import * as ctc from '@timestep/ctc';
import * as layers from '@timestep/layers';
import type { Entry } from '../mutations.ts';
import { coreTable, coreWithout } from './core.ts';
import { ctcTable, ctcWithout } from './ctc.ts';
import { layersTable, layersWithout } from './layers.ts';

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
];
