import { ArgumentError, type Backend } from '@timestep/backend-api';
import { unowned, type Ownable } from '../unowned.ts';

/** What a node needs of the tensors that it saves. It knows no more of them, so that tensors can know their node. */
export interface Saveable<T> extends Ownable<T> {
  readonly storage: { readonly version: number };
  detach(): T;
  dispose(): void;
}

/** The gradients of a node's outputs, in their order; null where an output was not used. */
export type OutputGradients<T> = readonly (T | null)[];

/**
 * From the gradients of the outputs to those of the inputs, in the order of the inputs; null where none flows. It runs
 * in a scope of its own: what it does not return is disposed. `wanted[i]` is false where nobody asks. `saved` holds
 * the tensors that were recorded for it: fresh handles, since the user may long have disposed the originals.
 */
export type BackwardFunction<T> = (
  gradients: OutputGradients<T>,
  wanted: readonly boolean[],
  saved: readonly T[],
) => readonly (T | null)[];

/** Runs the backward pass from `root`, an output of `start`; see `Tensor.backward`. */
export type BackwardPass<T extends Saveable<T>> = (
  start: Node<T>,
  root: T,
  gradient: T | undefined,
  retainGraph: boolean,
) => void;

/** A saved tensor: a reference of its own to the storage, and the storage's version at that time. */
interface SavedTensor<T> {
  readonly tensor: T;
  readonly version: number;
}

/** Where a gradient goes: into another node's output, or into a leaf. */
export type Edge<T extends Saveable<T>> =
  { readonly node: Node<T>; readonly output: number } | { readonly leaf: T } | null;

/** What is recorded of one operation. */
export interface NodeParts<T extends Saveable<T>> {
  /** The operation's name, for messages. */
  readonly name: string;
  readonly backend: Backend;
  /** Where the gradients of the inputs go, in the order in which `backward` returns them. */
  readonly edges: readonly Edge<T>[];
  readonly outputCount: number;
  readonly backward: BackwardFunction<T>;
  /** Tensors whose contents `backward` reads. */
  readonly saved: readonly T[];
  /** Called when the node lets go of what it saved. */
  readonly onRelease?: (() => void) | undefined;
  readonly pass: BackwardPass<T>;
}

/**
 * One recorded operation. It holds the storages that its backward pass reads, not the tensors: those may be disposed
 * as soon as the user has no more use for them. A node is counted by the tensors and nodes that point to it and lets
 * go of everything when the last of them does, or after its backward pass.
 *
 * @example
 * ```ts
 * const node = loss.node; // the operation that made the tensor, or null
 * console.log(node?.name);
 * ```
 *
 * @throws ArgumentError from `backward` where a saved tensor was overwritten meanwhile
 */
export class Node<T extends Saveable<T>> {
  readonly name: string;
  readonly backend: Backend;
  readonly edges: readonly Edge<T>[];
  readonly outputCount: number;
  readonly #pass: BackwardPass<T>;
  readonly #backward: BackwardFunction<T>;
  #saved: readonly SavedTensor<T>[];
  readonly #onRelease: (() => void) | undefined;
  #references = 0;
  #released = false;
  /** Its output tensors that no scope owns: the tape disposes them after the backward pass. */
  readonly made = new Set<T>();

  constructor({ name, backend, edges, outputCount, backward, saved, onRelease, pass }: NodeParts<T>) {
    this.name = name;
    this.backend = backend;
    this.edges = edges;
    this.outputCount = outputCount;
    this.#pass = pass;
    this.#backward = backward;
    this.#saved = saved.map((original) => {
      const tensor = unowned(original.detach());
      return { tensor, version: tensor.storage.version };
    });
    this.#onRelease = onRelease;
    for (const edge of edges) if (edge && 'node' in edge) edge.node.retain();
  }

  get released(): boolean {
    return this.#released;
  }

  backward(gradients: OutputGradients<T>, wanted: readonly boolean[]): readonly (T | null)[] {
    const saved = this.#saved.map(({ tensor, version }) => {
      if (tensor.storage.version !== version) {
        throw new ArgumentError(
          `[backward] a tensor that '${this.name}' needs for its gradient was overwritten after the forward pass; call backward() before assign() or an optimizer step`,
        );
      }
      return tensor.detach();
    });
    return this.#backward(gradients, wanted, saved);
  }

  /** Runs the backward pass from `root`, one of its outputs. */
  backwardFrom(root: T, gradient: T | undefined, retainGraph: boolean): void {
    this.#pass(this, root, gradient, retainGraph);
  }

  retain(): void {
    this.#references++;
  }

  /** One holder less. A chain of nodes may be as long as a sequence: it is walked with a list, not by recursion. */
  release(): void {
    const list: Node<T>[] = [this];
    for (let node = list.pop(); node; node = list.pop()) {
      if (--node.#references > 0) continue;
      node.free();
      for (const edge of node.edges) if (edge && 'node' in edge) list.push(edge.node);
    }
  }

  /** Frees what the backward pass would have read. */
  free(): void {
    if (this.#released) return;
    this.#released = true;
    for (const { tensor } of this.#saved) tensor.dispose();
    this.#saved = [];
    this.#onRelease?.();
  }
}
