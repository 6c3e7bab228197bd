import { ArgumentError, type HostArray, type Tensor } from '@timestep/core';

/**
 * Checks class indices that are in host memory. On other devices the kernel checks them.
 *
 * @throws ArgumentError with the position of the wrong label, and a hint if the labels seem to start at 1
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
  // Masked labels may have any value.
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
