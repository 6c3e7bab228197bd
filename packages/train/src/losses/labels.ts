import { ArgumentError, type HostArray, type Tensor } from '@timestep/core';

/**
 * Looks for class indices that are no class, where they are in the host's memory; on other devices the loss of such a
 * row is for the kernel to decide.
 *
 * @throws ArgumentError that says where it is, and whether the labels seem to count from 1
 */
export function checkLabels(
  targets: Tensor,
  {
    classes,
    ignoreIndex,
    masked,
  }: { readonly classes: number; readonly ignoreIndex: number; readonly masked: boolean },
): void {
  const { backend, buffer } = targets;
  // What a mask leaves out may be anything.
  if (masked || !backend.hostView) return;
  const labels = backend.hostView(buffer);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if ((label >= 0 && label < classes) || label === ignoreIndex) continue;
    throw new ArgumentError(
      `[crossEntropyLoss] expected class indices in 0…${classes - 1} or ignoreIndex ${ignoreIndex}, got ${label} at position ${i}; ${hintFor(labels, classes, ignoreIndex)}`,
    );
  }
}

function hintFor(labels: HostArray, classes: number, ignoreIndex: number): string {
  const counted = Array.from<number>(labels).filter((label) => label !== ignoreIndex);
  const [least, most] = [Math.min(...counted.slice(0, 10_000)), Math.max(...counted.slice(0, 10_000))];
  if (least >= 1 && most === classes) return `the labels seem to count from 1: subtract 1 from each`;
  return `the logits' last axis has ${classes} classes`;
}
