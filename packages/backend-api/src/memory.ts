import type { DType } from './dtype.ts';

/**
 * A handle of contiguous device memory. Only the backend that made it looks inside. It has one owner, who frees it
 * once. A backend throws an ArgumentError `BACKEND_MISMATCH` for a handle of another backend, and a DisposedError for
 * one that was freed.
 */
export interface DeviceBuffer {
  readonly dtype: DType;
  /** Elements, not bytes; 0 is legal. */
  readonly length: number;
}

/** The memory that a backend uses now. */
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

/** Describes the device of a backend and its limits. */
export interface Capabilities {
  /** One line for people: the processor, adapter or library it runs on. */
  readonly device: string;
  /** True if a processor emulates the accelerator (SwiftShader, llvmpipe). */
  readonly software: boolean;
  /** Host threads that work on one operation. */
  readonly threads: number;
  /** The largest single buffer, in bytes. */
  readonly maxBufferBytes: number;
}
