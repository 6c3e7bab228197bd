import type { DeviceBuffer, DType } from '@timestep/backend-api';
import { modesOf } from '../context.ts';
import { sizeOf, type Shape } from '../shape.ts';
import { TensorStorage } from '../storage.ts';
import { Tensor } from '../tensor.ts';
import { runBackward } from './backward.ts';
import { Node, type BackwardFunction, type Edge } from './node.ts';

/** The gradient of an operation, for {@link record}. */
export interface Recording {
  /** The inputs that a gradient may flow to, in the order in which `backward` returns them; null for one left out. */
  readonly inputs: readonly (Tensor | null)[];
  /** Tensors whose contents `backward` reads; they stay alive until then. */
  readonly saved?: readonly Tensor[];
  readonly backward: BackwardFunction<Tensor>;
  /** Called when the node lets go of what it saved. */
  readonly onRelease?: () => void;
}

/**
 * Tells whether an operation on these inputs is recorded for gradients.
 *
 * @example
 * ```ts
 * needsGradient([x, null]); // true if x requires a gradient and gradients are on
 * ```
 */
export function needsGradient(inputs: readonly (Tensor | null)[]): boolean {
  const first = inputs.find((input) => input !== null);
  if (!first || !modesOf(first.backend).gradient) return false;
  return inputs.some((input) => input?.requiresGrad);
}

/**
 * Makes a tensor from a new buffer, on the backend of `like`. The tensor owns the buffer.
 *
 * @example
 * ```ts
 * const y = wrap(x, x.backend.alloc('f32', x.size), x.shape);
 * ```
 */
export function wrap(like: Tensor, buffer: DeviceBuffer, shape: Shape): Tensor {
  return new Tensor(new TensorStorage(like.backend, buffer), shape);
}

/**
 * Allocates a buffer, lets `fill` write it and returns it as a tensor. If `fill` throws, for example for an index out
 * of range, the buffer is freed.
 *
 * @example
 * ```ts
 * const y = produce(x, 'f32', x.shape, (out) => x.backend.unary('exp', x.buffer, out, 0, 0));
 * ```
 *
 * @throws any error of `fill`
 */
export function produce(like: Tensor, dtype: DType, shape: Shape, fill: (out: DeviceBuffer) => void): Tensor {
  const { backend } = like;
  const out = backend.alloc(dtype, sizeOf(shape));
  try {
    fill(out);
  } catch (error) {
    backend.free(out);
    throw error;
  }
  return wrap(like, out, shape);
}

/**
 * Records an operation on the tape, so that `backward()` can pass gradients from `outputs` to the inputs. Does nothing
 * if no input needs a gradient.
 *
 * @example
 * ```ts
 * record('double', [y], { inputs: [x], backward: ([gradient]) => [affine(gradient!, 2)] });
 * ```
 */
export function record(name: string, outputs: readonly Tensor[], recording: Recording): void {
  if (!needsGradient(recording.inputs)) {
    recording.onRelease?.();
    return;
  }
  const backend = outputs[0]!.backend;
  const edges = recording.inputs.map((input): Edge<Tensor> => {
    if (!input?.requiresGrad) return null;
    return input.node ? { node: input.node, output: input.outputIndex } : { leaf: input };
  });
  const node = new Node<Tensor>({
    name,
    backend,
    edges,
    outputCount: outputs.length,
    backward: recording.backward,
    saved: recording.saved ?? [],
    onRelease: recording.onRelease,
    pass: runBackward,
  });
  outputs.forEach((output, index) => {
    if (output.dtype === 'f32') output.attach(node, index);
  });
}
