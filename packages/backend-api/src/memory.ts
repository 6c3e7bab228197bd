import type { DType } from './dtype.ts';

/**
 * A handle of contiguous device memory. Opaque to everyone but the backend that made it; it has one owner, who frees
 * it once. A backend throws a `BACKEND_MISMATCH` ArgumentError for a handle that is not its own, and a DisposedError
 * for one that was freed.
 */
export interface DeviceBuffer {
  readonly dtype: DType;
  /** Elements, not bytes; 0 is legal. */
  readonly length: number;
}

/** What a backend holds at this moment. */
export interface MemoryCounters {
  /** Live buffers: allocated and not freed. */
  readonly buffers: number;
  /** Bytes of the live buffers. */
  readonly bytes: number;
  /** The largest `bytes` so far. */
  readonly peakBytes: number;
  /** Bytes kept for reuse that belong to no live buffer. */
  readonly cachedBytes: number;
}

/** What a backend is and can do. */
export interface Capabilities {
  /** One line for people: the processor, adapter or library it runs on. */
  readonly device: string;
  /** True where a processor stands in for the accelerator (SwiftShader, llvmpipe). */
  readonly software: boolean;
  /** Host threads that work on one operation. */
  readonly threads: number;
  /** The largest single buffer, in bytes. */
  readonly maxBufferBytes: number;
}
