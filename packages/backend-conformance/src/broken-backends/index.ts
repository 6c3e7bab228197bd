import { brokenArithmetic } from './arithmetic.ts';
import type { BrokenBackend } from './broken-backend.ts';
import { brokenCtc } from './ctc.ts';
import { brokenElementwise } from './elementwise.ts';
import { brokenIndices } from './indices.ts';
import { brokenMemory } from './memory.ts';
import { brokenMovement } from './movement.ts';
import { brokenOptimizers } from './optimizers.ts';
import { brokenOwnership } from './ownership.ts';
import { brokenRows } from './rows.ts';
import { brokenScans } from './scan.ts';
import { brokenLengths } from './sequence-lengths.ts';
import { brokenSteps } from './sequence-steps.ts';

export { createBroken, type BrokenBackend } from './broken-backend.ts';

/** Every fault that the suite is known to catch, and the check that catches it. */
export const brokenBackends: readonly BrokenBackend[] = [
  ...brokenMemory,
  ...brokenMovement,
  ...brokenIndices,
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
