/** A run of memory, free or handed out. Sizes and addresses are in bytes and multiples of 64. */
export interface Block {
  readonly address: number;
  readonly size: number;
}

interface Node extends Block {
  address: number;
  size: number;
  free: boolean;
  /** Neighbours in memory. */
  before: Node | null;
  after: Node | null;
  /** Neighbours in the free list of the bin. */
  previous: Node | null;
  next: Node | null;
}

const line = 64;
const binCount = 384;

/** Bins 0…15 hold one size each; above, every power of two is cut into 16 bins, so a bin's sizes differ by ≤ 6 %. */
function binOf(size: number): number {
  const lines = size / line;
  if (lines < 16) return lines;
  const power = 31 - Math.clz32(lines);
  return (power - 3) * 16 + ((lines >>> (power - 4)) & 15);
}

/**
 * A two-level segregated-fit allocator (Masmano et al. 2004) whose book-keeping lives outside of the memory it hands
 * out: constant time, neighbours merge when freed, and a block of the size just freed is found again.
 */
export class Heap {
  readonly #bins: (Node | null)[] = new Array<Node | null>(binCount).fill(null);
  readonly #occupied = new Int32Array(binCount / 32);
  readonly #grow: (bytes: number) => number;
  #last: Node | null = null;
  #end: number;
  #used = 0;

  /** `grow(bytes)` adds at least `bytes` bytes at the end and returns the number that it added, or 0 if it cannot. */
  constructor(start: number, end: number, grow: (bytes: number) => number) {
    this.#end = start;
    this.#grow = grow;
    this.#extend(end - start);
  }

  /** Bytes handed out. */
  get used(): number {
    return this.#used;
  }

  /** Bytes that are free for reuse. */
  get unused(): number {
    return this.#free;
  }
  #free = 0;

  /** A block of at least `bytes`, or null where the memory cannot grow so far. */
  allocate(bytes: number): Block | null {
    const size = Math.max(line, Math.ceil(bytes / line) * line);
    let node = this.#find(size);
    if (node === null) {
      const tail = this.#last?.free ? this.#last.size : 0;
      const added = this.#grow(size - tail);
      if (added === 0) return null;
      this.#extend(added);
      node = this.#find(size);
      if (node === null) return null;
    }
    this.#unlink(node);
    if (node.size > size) this.#split(node, size);
    node.free = false;
    this.#used += node.size;
    return node;
  }

  /** Takes back a block that `allocate` returned. */
  free(block: Block): void {
    const node = block as Node;
    this.#used -= node.size;
    this.#release(node);
  }

  #release(node: Node): void {
    let merged = node;
    const { before, after } = node;
    if (after?.free) {
      this.#unlink(after);
      this.#absorb(merged, after);
    }
    if (before?.free) {
      this.#unlink(before);
      this.#absorb(before, merged);
      merged = before;
    }
    this.#link(merged);
  }

  #extend(bytes: number): void {
    const node: Node = {
      address: this.#end,
      size: bytes,
      free: false,
      before: this.#last,
      after: null,
      previous: null,
      next: null,
    };
    if (this.#last) this.#last.after = node;
    this.#last = node;
    this.#end += bytes;
    this.#release(node);
  }

  #split(node: Node, size: number): void {
    const rest: Node = {
      address: node.address + size,
      size: node.size - size,
      free: true,
      before: node,
      after: node.after,
      previous: null,
      next: null,
    };
    if (rest.after) rest.after.before = rest;
    else this.#last = rest;
    node.after = rest;
    node.size = size;
    this.#link(rest);
  }

  /** Appends `after` to `node`, its neighbour. */
  #absorb(node: Node, after: Node): void {
    node.size += after.size;
    node.after = after.after;
    if (node.after) node.after.before = node;
    else this.#last = node;
  }

  #link(node: Node): void {
    const bin = binOf(node.size);
    const head = this.#bins[bin] ?? null;
    node.free = true;
    node.previous = null;
    node.next = head;
    if (head) head.previous = node;
    this.#bins[bin] = node;
    this.#occupied[bin >> 5]! |= 1 << (bin & 31);
    this.#free += node.size;
  }

  #unlink(node: Node): void {
    const bin = binOf(node.size);
    if (node.previous) node.previous.next = node.next;
    else this.#bins[bin] = node.next;
    if (node.next) node.next.previous = node.previous;
    if (!this.#bins[bin]) this.#occupied[bin >> 5]! &= ~(1 << (bin & 31));
    node.free = false;
    this.#free -= node.size;
  }

  /** The smallest of the first blocks of the size's own bin that fits, else one of the next larger bin. */
  #find(size: number): Node | null {
    const bin = binOf(size);
    let best: Node | null = null;
    let node: Node | null = this.#bins[bin] ?? null;
    for (let tries = 0; node && tries < 16; tries++, node = node.next) {
      if (node.size === size) return node;
      if (node.size > size && (best === null || node.size < best.size)) best = node;
    }
    if (best) return best;
    for (let next = bin + 1; next < binCount; next = (next | 31) + 1) {
      const word = this.#occupied[next >> 5]! >>> (next & 31);
      if (word !== 0) return this.#bins[next + 31 - Math.clz32(word & -word)] ?? null;
    }
    return null;
  }
}
