import type { Dnnl } from './library.ts';

/** An object that is made once for given sizes and kept. */
interface PrimitiveSet {
  dispose(): void;
}

/** Sets of primitives kept: making one takes about half a millisecond. */
const capacity = 64;

/** The library's primitives by their kind and sizes, the least recently used ones given up. */
export class PrimitiveCache {
  readonly #dnnl: Dnnl;
  readonly #entries = new Map<string, PrimitiveSet>();

  constructor(dnnl: Dnnl) {
    this.#dnnl = dnnl;
  }

  /** The primitives of the kind for the sizes, made where they are not there. The sizes come in one order. */
  get<Sizes extends object, Kind extends PrimitiveSet>(
    kind: new (dnnl: Dnnl, sizes: Sizes) => Kind,
    sizes: Sizes,
  ): Kind {
    const key = `${kind.name} ${Object.values(sizes).join(' ')}`;
    const known = this.#entries.get(key);
    const entry = known instanceof kind ? known : new kind(this.#dnnl, sizes);
    // A map keeps the order of insertion: the first is the one that was not used for longest.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > capacity) {
      const [oldest, stale] = this.#entries.entries().next().value!;
      stale.dispose();
      this.#entries.delete(oldest);
    }
    return entry;
  }

  dispose(): void {
    for (const entry of this.#entries.values()) entry.dispose();
    this.#entries.clear();
  }
}
