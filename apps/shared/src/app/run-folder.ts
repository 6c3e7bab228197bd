import { join } from 'node:path';
import type { Storage } from '@timestep/train';
import { UsageError } from '../errors.ts';

/** The identity of a run: a resumed run must have the same. */
export type RunSettings = Readonly<Record<string, string | number | boolean | null>>;

/** A curve: step and value. */
export type Curve = readonly (readonly [step: number, value: number])[];

/** The curves of a run, those before a resumption included: `loss`, and each metric of the validations. */
export type History = Readonly<Record<string, Curve>>;

export const logName = 'log.jsonl';
const settingsName = 'run.json';

/** `model.safetensors` → `model.run`: the folder of checkpoints, log and settings. */
export function runFolder(out: string): string {
  return `${out.replace(/\.safetensors$/u, '')}.run`;
}

/**
 * Writes down the settings of a new run, or compares those of a resumed one.
 *
 * @throws UsageError where there is no run to resume, or where it was another one
 */
export async function openRun(storage: Storage, folder: string, settings: RunSettings, resume: boolean): Promise<void> {
  const names = await storage.list();
  if (!resume) {
    if (names.includes(logName)) await storage.remove(logName);
    await storage.write(settingsName, [new TextEncoder().encode(`${JSON.stringify(settings, null, 2)}\n`)]);
    return;
  }
  if (!names.includes(settingsName)) {
    throw new UsageError(
      `[train] ${folder} holds no run to resume; pass --out the file of the run, or leave --resume out to start one`,
    );
  }
  const before = parseSettings(join(folder, settingsName), await storage.read(settingsName));
  const different = [...new Set([...Object.keys(settings), ...Object.keys(before)])].filter(
    (name) => before[name] !== settings[name],
  );
  if (different.length > 0) {
    const list = different.map(
      (name) => `${name} was ${JSON.stringify(before[name])} and is ${JSON.stringify(settings[name])} now`,
    );
    throw new UsageError(
      `[train] the run in ${folder} had other settings: ${list.join(', ')}; repeat its flags, or leave --resume out to start anew`,
    );
  }
}

function parseSettings(file: string, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Said below.
  }
  throw new UsageError(`[train] ${file} is damaged; leave --resume out to start anew`);
}

/** The curves in a log of the Trainer. */
export function readHistory(log: Uint8Array): History {
  const curves: Record<string, [number, number][]> = {};
  for (const line of new TextDecoder().decode(log).split('\n')) {
    if (line === '') continue;
    const { type, step, ...values } = JSON.parse(line) as { type: string; step: number } & Record<string, unknown>;
    for (const [name, value] of Object.entries(values)) {
      const isCurve = type === 'validation' ? name !== 'loss' : type === 'train' && name === 'loss';
      if (isCurve && typeof value === 'number') (curves[name] ??= []).push([step, value]);
    }
  }
  return curves;
}
