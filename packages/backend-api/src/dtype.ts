/** Element types of the contract. Masks are `u32` holding 0 or 1: WGSL has no storable boolean. */
export type DType = 'f32' | 'i32' | 'u32';

/**
 * What a backend hands back from `read`: the dtype's own typed array. The float64 reference backend keeps `f32` in a
 * `Float64Array` and reads it back so, which lets finite differences run through the real tape.
 */
export type HostArray = Float32Array | Float64Array | Int32Array | Uint32Array;

/** What `write` accepts: any of the host arrays; the backend converts the element type where it differs. */
export type HostData = HostArray | readonly number[];

/** Bytes an element takes on a device. */
export const bytesPerElement: Readonly<Record<DType, number>> = { f32: 4, i32: 4, u32: 4 };
