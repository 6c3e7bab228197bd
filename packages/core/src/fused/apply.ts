import type { DeviceBuffer, FusedOp, MaybeBuffer, Wanted } from '@timestep/backend-api';
import { needsGradient, record, wrap } from '../autograd/record.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** A record of tensors in the place of one of buffers. */
type TensorsOf<Buffers> = { readonly [K in keyof Buffers]: Buffers[K] extends DeviceBuffer ? Tensor : Tensor | null };

function buffersOf<Buffers extends object>(tensors: { readonly [K in keyof Buffers]: Tensor | null }): Buffers {
  const entries = Object.entries<Tensor | null>(tensors).map(([key, tensor]) => [key, tensor?.buffer ?? null]);
  return Object.fromEntries(entries) as Buffers;
}

function keysOf<T extends object>(value: T): (keyof T & string)[] {
  return Object.keys(value) as (keyof T & string)[];
}

/**
 * Runs a fused op and records it as one operation.
 *
 * @param differentiable the inputs that a gradient may flow to; the keys are those of the op's input gradients
 */
export function applyFused<
  Spec extends { readonly needsSaved: boolean },
  Inputs extends object,
  Outputs extends object,
  OutputGradients extends { readonly [K in keyof Outputs]: MaybeBuffer },
  InputGradients extends object,
>(
  name: string,
  op: FusedOp<Spec, Inputs, Outputs, OutputGradients, InputGradients>,
  spec: Omit<Spec, 'needsSaved'>,
  inputs: TensorsOf<Inputs>,
  differentiable: { readonly [K in keyof InputGradients]: Tensor | null },
  outputShapes: { readonly [K in keyof Outputs]: Shape },
): { readonly [K in keyof Outputs]: Tensor } {
  const gradientKeys = keysOf(differentiable);
  const targets = gradientKeys.map((key) => differentiable[key]);
  const needsSaved = needsGradient(targets);
  const fullSpec = { ...spec, needsSaved } as Spec;
  const { outputs: outputBuffers, saved: first } = op.forward(fullSpec, buffersOf<Inputs>(inputs));
  let kept = first;
  let spent = false;
  const outputKeys = keysOf(outputShapes);
  const inputKeys = keysOf(inputs);
  const given = inputKeys.filter((key) => inputs[key] !== null);
  const like = inputs[given[0]!] as Tensor;
  const made = outputKeys.map((key) => wrap(like, outputBuffers[key] as DeviceBuffer, outputShapes[key]));
  if (needsSaved) {
    record(name, made, {
      inputs: targets,
      saved: [...given.map((key) => inputs[key] as Tensor), ...made],
      onRelease: () => kept?.release(),
      backward: (gradients, wantedList, saved) => {
        const savedInputs = Object.fromEntries(
          inputKeys.map((key) => [key, given.includes(key) ? saved[given.indexOf(key)]!.buffer : null]),
        );
        if (spent) {
          // A backward pass may use up what was saved (the CPU's overwrites the gates with their gradients), so a graph
          // that was retained runs forward once more.
          kept?.release();
          const again = op.forward(fullSpec, savedInputs as Inputs);
          for (const key of outputKeys) like.backend.free(again.outputs[key] as DeviceBuffer);
          kept = again.saved;
        }
        spent = true;
        const savedOutputs = Object.fromEntries(outputKeys.map((key, k) => [key, saved[given.length + k]!.buffer]));
        const result = op.backward(fullSpec, {
          inputs: savedInputs as Inputs,
          outputs: savedOutputs as Outputs,
          saved: kept!,
          gradients: Object.fromEntries(
            outputKeys.map((key, k) => [key, gradients[k]?.buffer ?? null]),
          ) as OutputGradients,
          wanted: Object.fromEntries(gradientKeys.map((key, k) => [key, wantedList[k]])) as Wanted<InputGradients>,
        });
        return gradientKeys.map((key, k) => {
          const buffer = result[key] as MaybeBuffer;
          return buffer ? wrap(saved[0]!, buffer, targets[k]!.shape) : null;
        });
      },
    });
  } else kept?.release();
  return Object.fromEntries(outputKeys.map((key, k) => [key, made[k]])) as { readonly [K in keyof Outputs]: Tensor };
}
