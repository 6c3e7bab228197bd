import type { DeviceBuffer } from '../memory.ts';

/** Data that a forward pass keeps for its backward pass. Only the backend that made it reads it. */
export interface Saved {
  /** Frees the data. `core` calls it once, with or without a backward pass. */
  release(): void;
}

/** `true`, or the reason why a case is not supported. The reason becomes part of the message of `fused: 'require'`. */
export type Support = true | string;

/**
 * A fused operation: a forward pass together with its backward pass. `forward` allocates its outputs, and `backward`
 * allocates the gradients that are wanted (`null` for the others). The caller owns all of them and frees them. `core`
 * calls `backward` at most once for each `saved`, with the inputs and outputs of the forward call unchanged.
 */
export interface FusedOp<Spec, Inputs, Outputs, OutputGradients, InputGradients> {
  /** Tells whether the operation can run this case. */
  supports(spec: Spec): Support;
  /** Computes the outputs. `saved` is null if `spec.needsSaved` is false. */
  forward(spec: Spec, inputs: Inputs): { outputs: Outputs; saved: Saved | null };
  /** Computes the gradients of the inputs. */
  backward(
    spec: Spec,
    call: {
      inputs: Inputs;
      outputs: Outputs;
      saved: Saved;
      gradients: OutputGradients;
      wanted: Wanted<InputGradients>;
    },
  ): InputGradients;
}

/** Tells which input gradients to compute. */
export type Wanted<InputGradients> = { readonly [K in keyof InputGradients]: boolean };

/** A buffer, or null for an optional input or a gradient that is not wanted. */
export type MaybeBuffer = DeviceBuffer | null;
