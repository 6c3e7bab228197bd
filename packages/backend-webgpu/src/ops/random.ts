import type { DeviceBuffer } from '@timestep/backend-api';
import { writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/** Twenty rounds: after every fourth the key schedule is added (Salmon et al. 2011, Threefry-2x32). */
function rounds(): string {
  const lines: string[] = [];
  for (let group = 0; group < 5; group++) {
    for (const turn of rotations[group % 2]!) {
      lines.push(`  x = x + y; y = (y << ${turn}u) | (y >> ${32 - turn}u); y = y ^ x;`);
    }
    lines.push(`  x = x + key[${(group + 1) % 3}]; y = y + key[${(group + 2) % 3}] + ${group + 1}u;`);
  }
  return lines.join('\n');
}

/** Fills `out` with the bits of blocks `counter`, `counter + 1`, …; see the contract. */
export function randomBits(runtime: Runtime, out: DeviceBuffer, key: readonly [number, number], counter: number): void {
  if (out.length === 0) return;
  const kernel = runtime.kernel('randomBits', () => ({
    name: 'randomBits',
    bindings: [writes('out', 'u32')],
    parameters: { size: 'u32', key0: 'u32', key1: 'u32', low: 'u32', high: 'u32' },
    workgroupSize: 256,
    body: `  if (2u * thread >= params.size) { return; }
  let key = array<u32, 3>(params.key0, params.key1, 0x1bd11bdau ^ params.key0 ^ params.key1);
  let low = params.low + thread;
  var x = low + key[0];
  var y = params.high + u32(low < thread) + key[1];
${rounds()}
  out[2u * thread] = x;
  if (2u * thread + 1u < params.size) { out[2u * thread + 1u] = y; }`,
  }));
  const parameters = {
    size: out.length,
    key0: key[0] >>> 0,
    key1: key[1] >>> 0,
    low: counter % 2 ** 32,
    high: Math.floor(counter / 2 ** 32),
  };
  runtime.run(kernel, [out], parameters, Math.ceil(out.length / 512));
}
