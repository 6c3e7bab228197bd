import { findIndexFault, indexError, type DeviceBuffer, type TimestepError } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';

/** The error for the indices that a kernel found to be out of range: it only marked that there are some. */
export function indexFault(
  engine: Engine,
  where: string,
  index: DeviceBuffer,
  length: number,
  ignored?: number,
): TimestepError {
  const start = engine.address(index) / 4;
  const indices = engine.i32.subarray(start, start + index.length);
  const position = findIndexFault(indices, length, ignored);
  return indexError({ where, index: indices[position]!, position, length });
}
