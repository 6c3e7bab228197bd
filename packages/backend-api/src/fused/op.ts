import type { DeviceBuffer } from '../memory.ts';

/** What a forward pass keeps for its backward pass; only the backend that made it looks inside. */
export interface Saved {
  /** Frees what is kept. Called once, whether a backward pass came or not. */
  release(): void;
}

/** `true`, or the reason in words why this case is not supported: it ends up in the message of `fused: 'require'`. */
export type Support = true | string;

/**
 * A fused operation: a forward pass that never ships without its backward pass. `forward` allocates its outputs;
 * `backward` allocates the gradients that are wanted (`null` for the others). All of them belong to the caller.
 * `core` calls `backward` at most once for a `saved`, with the inputs and outputs of the forward call unchanged.
 */
export interface FusedOp<Spec, Inputs, Outputs, OutputGradients, InputGradients> {
  supports(spec: Spec): Support;
  /** `saved` is null where `spec.needsSaved` is false. */
  forward(spec: Spec, inputs: Inputs): { outputs: Outputs; saved: Saved | null };
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

/** Which of the input gradients to make. */
export type Wanted<InputGradients> = { readonly [K in keyof InputGradients]: boolean };

/** A gradient that was asked for, or null. */
export type MaybeBuffer = DeviceBuffer | null;
