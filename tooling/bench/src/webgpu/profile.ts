import { createWebGpuBackend, formatProfile, type Profile, type WebGpuBackend } from '@timestep/backend-webgpu';
import { characterModel } from '../../contestants/timestep/character-model.ts';
import type { CharacterModelCase } from '../case.ts';

/** The time of one training step of a model on the device. */
export interface WebGpuRow {
  readonly name: string;
  readonly device: string;
  readonly software: boolean;
  readonly steps: number;
  /** Wall time of a step, the wait for the device in it. */
  readonly milliseconds: number;
  /** Over all `steps`. */
  readonly profile: Profile;
}

/** Embedding (I), LSTM of H, N, T: the shapes of the design's table, and the character model. */
const shapes: readonly (readonly [inputSize: number, hiddenSize: number, batch: number, steps: number])[] = [
  [64, 64, 1, 50],
  [32, 128, 32, 100],
  [256, 256, 32, 100],
  [512, 512, 64, 64],
  [1024, 1024, 64, 32],
  [64, 256, 32, 64],
];

function caseOf([embedding, hiddenSize, batch, steps]: (typeof shapes)[number]): CharacterModelCase {
  const name = `embedding ${embedding}, LSTM ${hiddenSize}, N ${batch}, T ${steps}`;
  return { kind: 'character-model', name, vocabulary: 65, embedding, hiddenSize, batch, steps, flops: 0 };
}

async function profileCase(backend: WebGpuBackend, shape: (typeof shapes)[number]): Promise<WebGpuRow> {
  const { software, device } = backend.capabilities;
  // A software adapter takes seconds for the large ones.
  const steps = software ? 1 : 20;
  const model = caseOf(shape);
  const work = characterModel(backend, model);
  await work.run();
  await backend.profiler.read();
  backend.profiler.reset();
  const start = performance.now();
  for (let step = 0; step < steps; step++) await work.run();
  const milliseconds = (performance.now() - start) / steps;
  const profile = await backend.profiler.read();
  work.dispose();
  return { name: model.name, device, software, steps, milliseconds, profile };
}

/**
 * One row for each shape: dispatches, submits and bytes of a whole training step, and where the adapter can, each
 * kernel's time.
 */
export async function profileWebGpu(only: string | undefined, onRow: (row: WebGpuRow) => void): Promise<WebGpuRow[]> {
  // Time stamps take a pass for each dispatch, which costs time of its own: wall times are those of a run with them.
  const backend = await createWebGpuBackend({ timestamps: true, powerPreference: 'high-performance' });
  const rows: WebGpuRow[] = [];
  try {
    for (const shape of shapes) {
      if (only !== undefined && !caseOf(shape).name.includes(only)) continue;
      const row = await profileCase(backend, shape);
      onRow(row);
      rows.push(row);
    }
  } finally {
    await backend.dispose();
  }
  return rows;
}

/** A row as text: its kernels, the most expensive first, and its counters, all for one step. */
export function formatWebGpuRow({ name, device, software, steps, milliseconds, profile }: WebGpuRow): string {
  const where = `${device}${software && !device.includes('software') ? ' (software)' : ''}`;
  return `${name}: ${milliseconds.toFixed(2)} ms a training step on ${where}\n${formatProfile(profile, steps)}\n`;
}
