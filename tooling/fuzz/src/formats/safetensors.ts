import { narrowToBfloat16, readSafetensors, SafetensorsError, writeSafetensors } from '@timestep/safetensors';
import type { Format } from '../format.ts';
import { joined } from '../mutate/bytes.ts';
import { mutateJson } from '../mutate/json.ts';
import { mutateText } from '../mutate/text.ts';
import type { Random } from '../random.ts';

const words = ['"dtype":', '"F64"', '"F8_E4M3"', '"shape":', '"data_offsets":', '[0,8]', '__metadata__', '{"', '\\u00'];

export const format: Format = {
  seeds: () => [
    writeSafetensors({}),
    writeSafetensors(
      { weight: { dtype: 'F32', shape: [2, 3], data: new Float32Array(6) } },
      { metadata: { format: 'pt' } },
    ),
    writeSafetensors({
      bias: { dtype: 'BF16', shape: [3], data: narrowToBfloat16([1, 2, 3]) },
      steps: { dtype: 'I64', shape: [], data: new BigInt64Array(1) },
      flags: { dtype: 'BOOL', shape: [1, 4], data: new Uint8Array(4) },
      é: { dtype: 'F8_E5M2', shape: [0], data: new Uint8Array(0) },
    }),
  ],
  mutate: mutateHeader,
  read: (bytes) => readSafetensors(bytes, { widen: true }),
  isTyped: (error) => error instanceof SafetensorsError,
};

/** Damages the header and puts its length right again. */
function mutateHeader(bytes: Uint8Array, random: Random): Uint8Array {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const json = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  const changed = new TextEncoder().encode(
    random.chance(0.5) ? mutateJson(json, random) : mutateText(json, random, words),
  );
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setUint32(0, changed.length, true);
  return joined(prefix, changed, bytes.subarray(8 + length));
}
