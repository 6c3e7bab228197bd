import type { BrokenBackend } from './broken-backend.ts';
import { brokenCtc } from './ctc.ts';
import { brokenMemory } from './memory.ts';
import { brokenOptimizers } from './optimizers.ts';
import { brokenArithmetic, brokenElementwise, brokenMovement } from './primitives.ts';
import { brokenRows } from './rows.ts';
import { brokenScans } from './scan.ts';
import { brokenLengths, brokenOwnership, brokenSteps } from './sequences.ts';

export { createBroken, type BrokenBackend } from './broken-backend.ts';

/** Every fault that the suite is known to catch, and the check that catches it. */
export const brokenBackends: readonly BrokenBackend[] = [
  ...brokenMemory,
  ...brokenMovement,
  ...brokenElementwise,
  ...brokenArithmetic,
  ...brokenRows,
  ...brokenSteps,
  ...brokenLengths,
  ...brokenOwnership,
  ...brokenCtc,
  ...brokenScans,
  ...brokenOptimizers,
];
