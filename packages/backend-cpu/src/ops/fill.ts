import type { DeviceBuffer } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';

const bits = new DataView(new ArrayBuffer(4));

/** The 32 bits of `value` as the buffer's dtype stores it. */
function encode(dtype: DeviceBuffer['dtype'], value: number): number {
  if (dtype !== 'f32') return value | 0;
  bits.setFloat32(0, value);
  return bits.getInt32(0);
}

/** Contract: Backend.fill. */
export function fill(engine: Engine, out: DeviceBuffer, value: number): void {
  const address = engine.address(out);
  engine.run('fill32', engine.partsFor(out.length * 0.15), [address, out.length, encode(out.dtype, value)]);
}
