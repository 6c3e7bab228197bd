import type { DeviceBuffer } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';

/** The time of one thread for a word. */
const nanoseconds = 3;

/** Contract: Backend.randomBits. */
export function randomBits(engine: Engine, out: DeviceBuffer, key: readonly [number, number], counter: number): void {
  const high = Math.floor(counter / 2 ** 32);
  engine.run('threefry', engine.partsFor(out.length * nanoseconds), [
    engine.address(out),
    out.length,
    key[0],
    key[1],
    counter % 2 ** 32,
    high,
  ]);
}
