import { readFileSync } from 'node:fs';
import { InteropError, readPt } from '@timestep/interop';
import { unzipSync, zipSync } from 'fflate';
import type { Format } from '../format.ts';
import { mutateBytes, oddNumbers } from '../mutate/bytes.ts';
import type { Random } from '../random.ts';

const fixture = (name: string) =>
  Uint8Array.from(readFileSync(new URL(`../../../../packages/interop/src/fixtures/pt/${name}.pt`, import.meta.url)));

/** Opcodes of a pickle: those that are read, and a few that are not. */
const opcodes = Array.from(
  '\x80\x95(012NJKM\x8a\x8bGX\x8c\x8d)t\x85\x86\x87]lae}dsuqr\x94hjc\x93R\x81bQ.\x82PiSIFL',
  (letter) => letter.charCodeAt(0),
);
const globals = [
  'collections OrderedDict',
  'torch FloatStorage',
  'torch LongStorage',
  'torch._utils _rebuild_tensor_v2',
  'os system',
];

export const format: Format = {
  seeds: () => ['state', 'checkpoint', 'tensors'].map(fixture),
  mutate: mutateInside,
  read: (bytes) => readPt(bytes),
  isTyped: (error) => error instanceof InteropError,
};

/** Damages the pickle, its opcodes and its numbers, or a storage, and packs the archive again. */
function mutateInside(bytes: Uint8Array, random: Random): Uint8Array {
  let parts: Record<string, Uint8Array>;
  try {
    parts = unzipSync(bytes);
  } catch {
    return bytes;
  }
  const names = Object.keys(parts);
  const name = random.chance(0.8) ? names.find((one) => one.endsWith('data.pkl')) : random.pick(names);
  if (name === undefined) return bytes;
  let part = Uint8Array.from(parts[name]!);
  for (let times = 1 + random.integer(4); times > 0; times--) {
    const at = random.integer(part.length);
    const kind = random.integer(5);
    if (kind === 0) part[at] = random.pick(opcodes);
    else if (kind === 1 && part.length > 4)
      new DataView(part.buffer).setUint32(Math.min(at, part.length - 4), random.pick(oddNumbers) >>> 0, true);
    else if (kind === 2) {
      // Small numbers stand behind K: sizes, strides and offsets.
      const places = [...part.keys()].filter((place) => part[place - 1] === 0x4b);
      if (places.length > 0) part[random.pick(places)] = random.integer(256);
    } else if (kind === 3) {
      const [module, global] = random.pick(globals).split(' ') as [string, string];
      const text = new TextEncoder().encode(`c${module}\n${global}\n`);
      part = Uint8Array.from([...part.subarray(0, at), ...text, ...part.subarray(at)]);
    } else part = Uint8Array.from(mutateBytes(part, random));
  }
  if (random.chance(0.1)) Reflect.deleteProperty(parts, random.pick(names));
  return zipSync({ ...parts, [name]: part }, { level: random.chance(0.2) ? 6 : 0 });
}
