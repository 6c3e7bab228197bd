import type { State } from '@timestep/core';

/** Disposes every part of a state. */
export function disposeState(state: State | null): void {
  for (const part of Object.values(state ?? {})) part.dispose();
}
