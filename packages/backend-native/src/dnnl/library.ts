import koffi from 'koffi';
import { createApi2 } from './api-2.ts';
import { createApi3 } from './api-3.ts';
import { check, constants, made, type Description, type DnnlApi, type Library, type Pointer } from './functions.ts';

/** Indices of the arguments of a primitive; the same in both versions of the API. */
export const argument = {
  srcLayer: 1,
  srcIter: 2,
  srcIterC: 3,
  dstLayer: 17,
  dstIter: 18,
  dstIterC: 19,
  weightsLayer: 33,
  weightsIter: 34,
  weightsPeephole: 35,
  weightsProjection: 36,
  bias: 41,
  mean: 49,
  variance: 50,
  scale: 51,
  shift: 52,
  gradientScale: 255,
  gradientShift: 256,
  from: 1,
  to: 17,
} as const;

/** Added to an argument's index: its gradient; scale and shift have numbers of their own. */
export const gradientOf = 128;

/** The properties that `query` can read from a primitive descriptor. */
export const query = { weights: 131 } as const;

/** A primitive with its memory objects: executing it only sets their addresses. */
export class Primitive {
  readonly #dnnl: Dnnl;
  readonly #handle: Pointer;
  readonly #arguments: Uint8Array;
  readonly #memories: readonly Pointer[];
  /** The addresses of the last call: setting one costs a call. */
  readonly #addresses: (bigint | null)[];

  /** @param memories by argument index, in the order in which `execute` gets addresses */
  constructor(dnnl: Dnnl, description: Pointer, memories: readonly (readonly [number, Description])[]) {
    this.#dnnl = dnnl;
    this.#handle = dnnl.createPrimitive(description);
    this.#memories = memories.map(([, md]) => dnnl.createMemory(md));
    this.#addresses = memories.map(() => null);
    this.#arguments = new Uint8Array(memories.length * 16);
    const view = new DataView(this.#arguments.buffer);
    memories.forEach(([index], k) => {
      view.setInt32(k * 16, index, true);
      view.setBigUint64(k * 16 + 8, this.#memories[k]!, true);
    });
  }

  execute(addresses: readonly bigint[]): void {
    addresses.forEach((address, k) => {
      if (this.#addresses[k] === address) return;
      this.#addresses[k] = address;
      this.#dnnl.setHandle(this.#memories[k]!, address);
    });
    this.#dnnl.execute(this.#handle, addresses.length, this.#arguments);
  }

  dispose(): void {
    for (const memory of this.#memories) this.#dnnl.destroyMemory(memory);
    this.#dnnl.destroyPrimitive(this.#handle);
  }
}

/** oneDNN, loaded: the few functions that the backend uses, over both C APIs. */
export class Dnnl {
  readonly api: DnnlApi;
  readonly engine: Pointer;
  readonly #stream: Pointer;
  readonly #functions: ReturnType<typeof declare>;

  constructor(library: Library) {
    this.#functions = declare(library);
    const version = koffi.decode(this.#functions.version(), koffi.array('int', 3)) as number[];
    const [major, minor, patch] = version;
    const name = `${major}.${minor}.${patch}`;
    this.api = major === 2 ? createApi2(library, name) : createApi3(library, name);
    this.engine = made('engine_create', (out) => this.#functions.engineCreate(out, constants.cpu, 0) as number);
    this.#stream = made('stream_create', (out) => this.#functions.streamCreate(out, this.engine, 1) as number);
  }

  /** A descriptor that the primitive's descriptor holds; valid as long as that is. */
  query(description: Pointer, what: number, index = 0): Description {
    return this.#functions.queryMd(description, what, index) as bigint;
  }

  bytesOf(md: Description): number {
    return Number(this.#functions.mdSize(md));
  }

  createPrimitive(description: Pointer): Pointer {
    return made('primitive_create', (out) => this.#functions.primitiveCreate(out, description) as number);
  }

  createMemory(md: Description): Pointer {
    // A handle of 0 gives a memory without storage; `setHandle` brings it.
    return made('memory_create', (out) => this.#functions.memoryCreate(out, md, this.engine, null) as number);
  }

  setHandle(memory: Pointer, address: bigint): void {
    check('memory_set_data_handle', this.#functions.setHandle(memory, address) as number);
  }

  execute(primitive: Pointer, count: number, list: Uint8Array): void {
    check('primitive_execute', this.#functions.execute(primitive, this.#stream, count, list) as number);
  }

  /** A primitive that copies between two layouts: `execute([from, to])`. */
  reorder(from: Description, to: Description): Primitive {
    const description = made(
      'reorder_desc_create',
      (out) => this.#functions.reorder(out, from, this.engine, to, this.engine, null) as number,
    );
    const primitive = new Primitive(this, description, [
      [argument.from, from],
      [argument.to, to],
    ]);
    this.destroyDescription(description);
    return primitive;
  }

  destroyMemory(memory: Pointer): void {
    this.#functions.memoryDestroy(memory);
  }

  destroyDescription(description: Pointer): void {
    this.#functions.descriptionDestroy(description);
  }

  destroyPrimitive(primitive: Pointer): void {
    this.#functions.primitiveDestroy(primitive);
  }
}

function declare(library: Library) {
  return {
    version: library.func('void *dnnl_version()'),
    engineCreate: library.func('int dnnl_engine_create(_Out_ void **engine, int kind, size_t index)'),
    streamCreate: library.func('int dnnl_stream_create(_Out_ void **stream, void *engine, uint32_t flags)'),
    queryMd: library.func('void *dnnl_primitive_desc_query_md(void *pd, int what, int index)'),
    mdSize: library.func('size_t dnnl_memory_desc_get_size(void *md)'),
    descriptionDestroy: library.func('int dnnl_primitive_desc_destroy(void *pd)'),
    primitiveCreate: library.func('int dnnl_primitive_create(_Out_ void **primitive, void *pd)'),
    primitiveDestroy: library.func('int dnnl_primitive_destroy(void *primitive)'),
    memoryCreate: library.func('int dnnl_memory_create(_Out_ void **memory, void *md, void *engine, void *handle)'),
    memoryDestroy: library.func('int dnnl_memory_destroy(void *memory)'),
    setHandle: library.func('int dnnl_memory_set_data_handle(void *memory, void *handle)'),
    execute: library.func('int dnnl_primitive_execute(void *primitive, void *stream, int count, void *arguments)'),
    reorder: library.func(
      'int dnnl_reorder_primitive_desc_create(_Out_ void **pd, void *from, void *fromEngine, void *to, void *toEngine, void *attr)',
    ),
  };
}
