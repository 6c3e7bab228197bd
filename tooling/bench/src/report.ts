import type { Machine } from './machine.ts';
import type { Row } from './run-group.ts';
import type { DecodeRow } from './decode.ts';
import type { StartupRow } from './startup.ts';
import type { WebGpuRow } from './webgpu/profile.ts';

/** Everything that a run of the benchmark found. */
export interface Report {
  /** The arguments of `pnpm bench` */
  readonly arguments: readonly string[];
  readonly machine: Machine;
  readonly contestants: readonly { readonly name: string; readonly version: string; readonly device: string }[];
  /** By group */
  readonly results: Readonly<Record<string, readonly Row[]>>;
  /** Null where it was not asked for */
  readonly startup: readonly StartupRow[] | null;
  readonly decode: readonly DecodeRow[] | null;
  /** The times of training steps on WebGPU; null if they were not requested */
  readonly webgpu: readonly WebGpuRow[] | null;
}
