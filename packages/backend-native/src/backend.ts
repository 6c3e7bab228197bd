import type { Capabilities, FusedOps } from '@timestep/backend-api';
import { CpuBackend, createEngine, type CpuBackendOptions, type Engine } from '@timestep/backend-cpu/extend';
import { RecurrentPrimitives } from './dnnl/primitives.ts';
import { nativeSequences } from './fused/sequences.ts';
import { NativeMemory } from './libraries/address.ts';
import { loadLibrary, type LibraryChoice, type NativeLibrary } from './libraries/load.ts';
import { nativeProduct } from './products.ts';

export interface NativeBackendOptions extends CpuBackendOptions {
  /** `'auto'` (default) takes oneDNN where it is found, else a BLAS. */
  readonly library?: LibraryChoice;
  /** A library's file, where the system's loader does not know it. */
  readonly path?: string;
  /**
   * Multiplications and additions of a product, or of one step of a recurrent layer, from which on the library is used;
   * 200,000 by default. Below, our own kernels are done before the library has its threads together: LSTM 64, 64, 1, 50
   * in training takes them 0.44 ms and oneDNN 0.59, a GRU 0.33 and 0.82.
   */
  readonly threshold?: number;
}

const defaultThreshold = 200_000;

/** The CPU backend with its products and recurrent layers made by a library of the system, on the same memory. */
export class NativeBackend extends CpuBackend {
  override readonly name = 'native';
  declare readonly capabilities: Capabilities;
  declare readonly fused: Required<FusedOps>;
  /** The library that does the work, in one line. */
  readonly library: string;
  readonly #primitives: RecurrentPrimitives | null;

  constructor(engine: Engine, library: NativeLibrary, threshold: number) {
    super(engine);
    this.library = library.description;
    this.capabilities = { ...this.capabilities, device: `${library.description}, ${engine.threads} ${engine.threads === 1 ? 'thread' : 'threads'}` };
    const memory = new NativeMemory(engine.memory);
    const useThreads = (): void => library.setThreads(engine.threads);
    engine.externalProduct = nativeProduct(library.gemm, memory, useThreads, threshold);
    const { dnnl } = library;
    this.#primitives = dnnl === null ? null : new RecurrentPrimitives(dnnl);
    if (dnnl !== null && this.#primitives !== null) {
      const native = { backend: this, dnnl, memory, primitives: this.#primitives, threshold, useThreads };
      this.fused = { ...this.fused, ...nativeSequences(native, this.fused) };
    }
  }

  override dispose(): Promise<void> {
    this.#primitives?.dispose();
    return super.dispose();
  }
}

/**
 * Creates the backend on oneDNN or a BLAS.
 *
 * @throws DeviceError `NO_DEVICE` where neither is installed; the message says how to get one
 *
 * ```ts
 * const backend: Backend = await createNativeBackend();
 * console.log(backend.capabilities.device); // oneDNN 2.6.3 (libdnnl.so.2), 2 threads
 * ```
 */
export async function createNativeBackend(options: NativeBackendOptions = {}): Promise<NativeBackend> {
  const library = loadLibrary(options.library ?? 'auto', options.path);
  return new NativeBackend(await createEngine(options), library, options.threshold ?? defaultThreshold);
}
