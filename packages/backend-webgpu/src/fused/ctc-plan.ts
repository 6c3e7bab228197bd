import type { CtcSpec } from '@timestep/backend-api';

/** Set in a link where no earlier state has the same label. */
export const firstFlag = 0x4000_0000;

/**
 * What the kernels know of the targets, in one upload: for each sequence its labels with blanks between them `[N, S]`;
 * for each of those states the next one with the same label, or the number of states, and `firstFlag` `[N, S]`; the
 * input lengths `[N]`; the numbers of states `[N]`. The chains let one invocation add up what all states of a label
 * contribute to one logit, in a fixed order.
 */
export function ctcPlan({ batch, blank, targets, maxTargetLength, inputLengths, targetLengths }: CtcSpec): {
  readonly plan: Int32Array;
  readonly states: number;
} {
  const states = 2 * maxTargetLength + 1;
  const plan = new Int32Array(batch * (2 * states + 2));
  const links = batch * states;
  for (let n = 0; n < batch; n++) {
    const own = 2 * targetLengths[n]! + 1;
    const latest = new Map<number, number>();
    for (let s = 0; s < own; s++) {
      const label = s % 2 === 0 ? blank : targets[n * maxTargetLength + (s - 1) / 2]!;
      const before = latest.get(label);
      plan[n * states + s] = label;
      plan[links + n * states + s] = before === undefined ? own | firstFlag : own;
      if (before !== undefined) plan[links + n * states + before]! += s - own;
      latest.set(label, s);
    }
    plan[2 * links + n] = inputLengths[n]!;
    plan[2 * links + batch + n] = own;
  }
  return { plan, states };
}
