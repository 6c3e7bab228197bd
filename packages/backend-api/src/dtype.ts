/** Element types of the contract. Masks are `u32` holding 0 or 1: WGSL has no storable boolean. */
export type DType = 'f32' | 'i32' | 'u32';

/**
 * The typed array that `read` returns, by dtype. The float64 reference backend keeps `f32` in a `Float64Array` and
 * reads it back unchanged, so that tests can run finite differences through the tape.
 */
export type HostArray = Float32Array | Float64Array | Int32Array | Uint32Array;

/** The data that `write` accepts. The backend converts the element type if it differs. */
export type HostData = HostArray | readonly number[];

/**
 * The size of an element on a device, in bytes.
 *
 * @example
 * ```ts
 * bytesPerElement.f32 * 1000; // 4000
 * ```
 */
export const bytesPerElement: Readonly<Record<DType, number>> = { f32: 4, i32: 4, u32: 4 };
