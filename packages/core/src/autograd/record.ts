import type { DeviceBuffer, DType } from '@timestep/backend-api';
import { modesOf } from '../context.ts';
import { sizeOf, type Shape } from '../shape.ts';
import { TensorStorage } from '../storage.ts';
import { Tensor } from '../tensor.ts';
import { Node, type BackwardFunction, type Edge } from './node.ts';

/** What an operation says of its gradient when it records itself. */
export interface Recording {
  /** The inputs that a gradient may flow to, in the order in which `backward` returns them; null for one left out. */
  readonly inputs: readonly (Tensor | null)[];
  /** Tensors whose contents `backward` reads; they stay alive until then. */
  readonly saved?: readonly Tensor[];
  readonly backward: BackwardFunction;
  /** Called when the node lets go of what it saved. */
  readonly onRelease?: () => void;
}

/** True where an operation on these inputs will be recorded. */
export function needsGradient(inputs: readonly (Tensor | null)[]): boolean {
  const first = inputs.find((input) => input !== null);
  if (!first || !modesOf(first.backend).gradient) return false;
  return inputs.some((input) => input?.requiresGrad);
}

/** A tensor over a fresh buffer. */
export function wrap(like: Tensor, buffer: DeviceBuffer, shape: Shape): Tensor {
  return new Tensor(new TensorStorage(like.backend, buffer), shape);
}

/**
 * A tensor over a fresh buffer that `fill` writes; the buffer is freed where `fill` throws, as it does for an index out
 * of range.
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

/** Records one operation and marks `outputs` as its results. Does nothing where no input needs a gradient. */
export function record(name: string, outputs: readonly Tensor[], recording: Recording): void {
  if (!needsGradient(recording.inputs)) {
    recording.onRelease?.();
    return;
  }
  const backend = outputs[0]!.backend;
  const edges = recording.inputs.map((input): Edge => {
    if (!input?.requiresGrad) return null;
    return input.node ? { node: input.node, output: input.outputIndex } : { leaf: input };
  });
  const node = new Node(
    name,
    backend,
    edges,
    outputs.length,
    recording.backward,
    recording.saved ?? [],
    recording.onRelease,
  );
  outputs.forEach((output, index) => {
    if (output.dtype === 'f32') output.attach(node, index);
  });
}
