/**
 * Element i of the array named `seed`: uniform in [−0.5, 0.5), the same in every language (contestants/values.py), so
 * that no contestant needs a file to start from the same weights.
 */
export function fillValues(target: Float32Array, seed: number, scale: number): Float32Array {
  for (let i = 0; i < target.length; i++) target[i] = value(i, seed) * scale;
  return target;
}

export function value(i: number, seed: number): number {
  let hash = (Math.imul(i, 0x9e3779b1) + Math.imul(seed, 0x85ebca77)) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32 - 0.5;
}

/** A seed from a name: FNV-1a, cut to 31 bits. */
export function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash & 0x7fffffff;
}

export function digest(data: ArrayLike<number>): { projection: number; norm: number } {
  let projection = 0;
  let squares = 0;
  for (let i = 0; i < data.length; i++) {
    projection += data[i]! * value(i, 77);
    squares += data[i]! * data[i]!;
  }
  return { projection, norm: Math.sqrt(squares) };
}
