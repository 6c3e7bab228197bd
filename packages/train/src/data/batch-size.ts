import { Tensor } from '@timestep/core';

/** The number of elements of every array and tensor that a batch holds, in a fixed order. */
export function sizesOf(batch: unknown): number[] {
  const seen = new Set<object>();
  const sizes = (value: unknown): number[] => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return [];
    seen.add(value);
    if (value instanceof Tensor) return [value.size];
    if (ArrayBuffer.isView(value)) return [value.byteLength];
    if (Array.isArray(value)) return [value.length];
    return Object.values(value).flatMap(sizes);
  };
  return sizes(batch);
}
