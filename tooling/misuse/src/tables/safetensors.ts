import * as safetensors from '@timestep/safetensors';
import type { Entry } from '../mutations.ts';
import { bound, entry, reasons } from './entry.ts';

const tensors = () => ({ a: { dtype: 'F32', shape: [2], data: new Float32Array(2) } }) as const;
const bytes = safetensors.writeSafetensors(tensors());
const buffers = { also: { '0': ['ArrayBuffer'] } };
const maps = { '0': ['Map'], metadata: ['Map'] };
const sharded = safetensors.writeSharded(tensors(), { maxShardBytes: 99 });
const { indexJson } = sharded;
const source = () => ({
  byteLength: bytes.length,
  read: (start: number, end: number) => Promise.resolve(bytes.slice(start, end)),
});
const file = await safetensors.openSafetensors(source());

export const safetensorsTable: readonly Entry[] = [
  entry('readSafetensors', safetensors.readSafetensors, () => [bytes, { widen: true, name: 'file' }], buffers),
  entry('readHeader', safetensors.readHeader, () => [bytes, { name: 'file' }], buffers),
  entry('openSafetensors', safetensors.openSafetensors, () => [source(), { name: 'file' }], { open: [0] }),
  entry('SafetensorsFile.tensor', bound(file, 'tensor'), () => ['a', { widen: true }]),
  entry('writeSafetensors', safetensors.writeSafetensors, () => [tensors(), { metadata: { a: 'b' } }], {
    also: maps,
    open: [0],
  }),
  entry('safetensorsPieces', safetensors.safetensorsPieces, () => [tensors(), { metadata: { a: 'b' } }], {
    also: maps,
    open: [0],
  }),
  entry(
    'writeSharded',
    safetensors.writeSharded,
    () => [tensors(), { metadata: { a: 'b' }, maxShardBytes: 99, stem: 'model' }],
    { also: maps, open: [0] },
  ),
  entry('readSharded', safetensors.readSharded, () => [
    indexJson,
    (name: string) => Promise.resolve(sharded.files.get(name)!),
    { widen: true, name: 'index' },
  ]),
  entry('parseShardIndex', safetensors.parseShardIndex, () => [indexJson, 'index']),
  entry('narrowToFloat16', safetensors.narrowToFloat16, () => [[1, 2]]),
  entry('narrowToBfloat16', safetensors.narrowToBfloat16, () => [[1, 2]]),
  entry('widenFloat16', safetensors.widenFloat16, () => [new Uint16Array(2)]),
  entry('widenBfloat16', safetensors.widenBfloat16, () => [new Uint16Array(2)]),
  entry('widenFloat8', safetensors.widenFloat8, () => [new Uint8Array(2), 'F8_E5M2']),
];

export const safetensorsWithout = reasons('an error class: every message is fine', 'SafetensorsError');
