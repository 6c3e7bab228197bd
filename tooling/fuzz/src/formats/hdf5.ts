import { readFileSync } from 'node:fs';
import { TimestepError } from '@timestep/core';
import { createHdf5Reader } from '@timestep/interop/node';
import { unzipSync } from 'fflate';
import type { Format } from '../format.ts';
import { oddNumbers } from '../mutate/bytes.ts';
import type { Random } from '../random.ts';

const fixtures = new URL('../../../../packages/interop/src/fixtures/', import.meta.url);
const fixture = (name: string) => Uint8Array.from(readFileSync(new URL(name, fixtures)));
const reader = createHdf5Reader({ timeLimit: 5_000 });

export const format: Format = {
  seeds: () => [
    fixture('keras-gru-reset-before.weights.h5'),
    unzipSync(fixture('keras-lstm.keras'))['model.weights.h5']!,
    unzipSync(fixture('keras-models/6.keras'))['model.weights.h5']!,
  ],
  mutate: mutateStructures,
  read: (bytes) => reader(bytes),
  isTyped: (error) => error instanceof TimestepError,
};

const signatures = ['TREE', 'SNOD', 'HEAP', 'OHDR', 'OCHK', 'FRHP', 'BTHD'].map((name) =>
  new TextEncoder().encode(name),
);

/** Damages numbers near the beginnings of the format's own structures. */
function mutateStructures(bytes: Uint8Array, random: Random): Uint8Array {
  const out = Uint8Array.from(bytes);
  const starts = [...out.keys()].filter((at) =>
    signatures.some((signature) => signature.every((byte, n) => out[at + n] === byte)),
  );
  const view = new DataView(out.buffer);
  for (let times = 1 + random.integer(4); times > 0; times--) {
    const from = random.chance(0.7) && starts.length > 0 ? random.pick(starts) : random.integer(out.length);
    const at = Math.min(from + random.integer(96), out.length - 8);
    const kind = random.integer(3);
    if (kind === 0) out[at] = random.integer(256);
    else if (kind === 1) view.setUint32(at, random.pick(oddNumbers) >>> 0, true);
    else view.setBigUint64(at, BigInt.asUintN(64, BigInt(random.integer(2 * out.length))), true);
  }
  return out;
}
