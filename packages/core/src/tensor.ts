import {
  ArgumentError,
  checkOptions,
  checkValue,
  DisposedError,
  is,
  type Backend,
  type DeviceBuffer,
  type DType,
  type HostArray,
  type HostData,
} from '@timestep/backend-api';
import type { Node } from './autograd/node.ts';
import { checkBackend } from './check-backend.ts';
import { levelOf, ownerOf, runAt, type Owner } from './context.ts';
import { checkHostData } from './host-data.ts';
import { show, sizeOf, type Shape } from './shape.ts';
import { TensorStorage } from './storage.ts';

/**
 * An array on a backend: a shape, an element type and, where it takes part in a gradient, the operation that made it.
 * Its contents never change but by `assign`.
 *
 * ```ts
 * const x = tensor(backend, [[1, 2], [3, 4]], { requiresGrad: true });
 * const loss = sum(square(x));
 * loss.backward();
 * await x.grad?.data();                       // Float32Array [2, 4, 6, 8]
 * ```
 *
 * @throws DisposedError where it is used after `dispose`
 */
export class Tensor {
  readonly backend: Backend;
  readonly dtype: DType;
  readonly shape: Shape;
  /** The scope that will dispose it; core's own business. */
  owner: Owner<Tensor> | null = null;
  /** Said in addition where it is used after it was disposed; core's own business. */
  hint = '';
  /** The gradient that `backward` left here, for a leaf. */
  grad: Tensor | null = null;
  readonly #storage: TensorStorage;
  #requiresGrad = false;
  #node: Node<Tensor> | null = null;
  #output = 0;
  #disposed = false;

  /**
   * For core and for packages that define operations; use `tensor`, `zeros` and the operations. Takes over one
   * reference of `storage`.
   */
  constructor(storage: TensorStorage, shape: Shape, dtype: DType = storage.buffer.dtype) {
    this.backend = storage.backend;
    this.#storage = storage;
    this.shape = shape;
    this.dtype = dtype;
    ownerOf(levelOf(this.backend))?.adopt(this);
    leaks?.register(this, `${dtype} ${show(shape)}`, this);
  }

  /** Elements in all. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** The buffer behind it, for code that talks to a backend. Throws a DisposedError after `dispose`. */
  get buffer(): DeviceBuffer {
    return this.storage.buffer;
  }

  get storage(): TensorStorage {
    if (this.#disposed) {
      throw new DisposedError(
        `[tensor] a tensor of shape ${show(this.shape)} was used after it was disposed; keep it with scope.keep(tensor), or dispose it later; without an open scope, backward() disposes what it passes through: read it before, or openScope(backend) first${this.hint}`,
      );
    }
    return this.#storage;
  }

  /** The operation that made it, where a gradient may flow through it. */
  get node(): Node<Tensor> | null {
    return this.#node;
  }

  /** Which output of `node` it is. */
  get outputIndex(): number {
    return this.#output;
  }

  /** True where `backward` brings a gradient here or through here. */
  get requiresGrad(): boolean {
    return this.#requiresGrad;
  }

  set requiresGrad(value: boolean) {
    if (this.#node) throw new ArgumentError('[tensor] requiresGrad can be set on leaves only; call detach() first');
    checkValue('tensor', 'requiresGrad', value, is.boolean);
    if (value && this.dtype !== 'f32')
      throw new ArgumentError(`[tensor] only f32 tensors have gradients, this one is ${this.dtype}; cast it first`);
    this.#requiresGrad = value;
  }

  /** Marks it as output `output` of `node`. Called by `record`. */
  attach(node: Node<Tensor>, output: number): void {
    this.#node = node;
    this.#output = output;
    this.#requiresGrad = true;
    node.retain();
    node.made.add(this);
  }

  /** A copy of the contents on the host. */
  async data(): Promise<HostArray> {
    return await this.backend.read(this.buffer);
  }

  /** The only element. */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new ArgumentError(`[item] expected a tensor of one element, got shape ${show(this.shape)}; use data()`);
    return (await this.data())[0]!;
  }

  /** The contents as nested arrays. */
  async array(): Promise<NestedArray> {
    return nest(await this.data(), this.shape);
  }

  /** Overwrites the contents of a leaf, in place. */
  assign(source: Tensor | HostData): this {
    if (!(source instanceof Tensor)) checkHostData('assign', this.dtype, source);
    const length = source instanceof Tensor ? source.size : source.length;
    if (length !== this.size)
      throw new ArgumentError(
        `[assign] expected ${this.size} elements for shape ${show(this.shape)}, got ${length}`,
        'SHAPE_MISMATCH',
      );
    if (this.#node)
      throw new ArgumentError(
        '[assign] only leaves can be overwritten; this tensor was made by an operation that a gradient may need',
      );
    if (source instanceof Tensor) {
      if (source.dtype !== this.dtype)
        throw new ArgumentError(
          `[assign] expected ${this.dtype}, got ${source.dtype}; cast it first`,
          'DTYPE_MISMATCH',
        );
      this.backend.copy({ buffer: source.buffer, strides: [1] }, { buffer: this.buffer, strides: [1] }, [length]);
    } else this.backend.write(this.buffer, source);
    this.storage.version++;
    return this;
  }

  /**
   * A copy of the contents on another backend (or on this one): a leaf, which requires a gradient where this is a leaf
   * that does.
   *
   * ```ts
   * const onDevice = await x.to(webgpu);
   * ```
   */
  async to(backend: Backend): Promise<Tensor> {
    checkBackend('to', backend);
    const level = levelOf(backend);
    const leaf = this.requiresGrad && !this.#node;
    const values = await this.data();
    // Other asynchronous work may have opened a scope meanwhile.
    return runAt('to', level, () => {
      const buffer = backend.alloc(this.dtype, this.size);
      backend.write(buffer, values);
      const copy = new Tensor(new TensorStorage(backend, buffer), this.shape);
      copy.requiresGrad = leaf;
      return copy;
    });
  }

  /** The same contents, cut off from the gradient. */
  detach(): Tensor {
    return new Tensor(this.storage.retain(), this.shape, this.dtype);
  }

  /**
   * Fills `grad` of every leaf this tensor depends on, adding to what is there, and frees the operations in between.
   *
   * @param gradient ∂L/∂this, of the same shape; may be left out for a scalar, where it is 1
   * @param options.retainGraph keep the graph for another backward pass
   * @throws ArgumentError `NO_GRADIENT` where nothing it depends on requires a gradient, or the graph is already freed
   */
  backward(gradient?: Tensor, options: { readonly retainGraph?: boolean } = {}): void {
    checkOptions('backward', options, backwardRules);
    if (!this.#node)
      throw new ArgumentError(
        this.requiresGrad
          ? '[backward] this tensor is a leaf; call backward() on a result computed from it'
          : '[backward] nothing that this tensor depends on requires a gradient; set requiresGrad on a leaf, and compute it outside noGrad and outside every scope with { gradient: false }; where other asynchronous work may have such a scope open, openScope(backend, { gradient: true })',
        'NO_GRADIENT',
      );
    this.#node.backwardFrom(this, gradient, options.retainGraph ?? false);
  }

  /** Frees it. Freeing twice does no harm; what a gradient still needs lives on until it is made. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.owner?.release(this);
    leaks?.unregister(this);
    this.#storage.release();
    this.#node?.made.delete(this);
    this.#node?.release();
    this.grad?.dispose();
    this.grad = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

const backwardRules = { retainGraph: is.optional(is.boolean) };

/** Numbers nested as deep as the tensor has axes. */
export type NestedArray = number | readonly NestedArray[];

function nest(data: HostArray, shape: Shape, offset = 0): NestedArray {
  if (shape.length === 0) return data[offset]!;
  const [length, ...rest] = shape;
  const step = sizeOf(rest);
  return Array.from({ length: length! }, (_, i) => nest(data, rest, offset + i * step));
}

let leaks: FinalizationRegistry<string> | undefined;

/**
 * Reports every tensor that the garbage collector found undisposed from now on: a finder of leaks, not a cure.
 * Call it with `undefined` to stop.
 *
 * ```ts
 * reportLeaks((what) => console.warn(`leaked: ${what}`));
 * ```
 */
export function reportLeaks(report: ((what: string) => void) | undefined): void {
  checkValue('reportLeaks', 'report', report, is.optional(is.function));
  leaks = report && new FinalizationRegistry(report);
}
