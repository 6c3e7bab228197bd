import type { Check } from '../check.ts';
import { binaryChecks } from './binary.ts';
import { contractChecks } from './contract.ts';
import { copyChecks } from './copy.ts';
import { coreOperationChecks } from './core/operations.ts';
import { coreTrainingChecks } from './core/training.ts';
import { errorChecks } from './errors.ts';
import { fusedExtremeChecks } from './extremes/fused.ts';
import { primitiveExtremeChecks } from './extremes/primitives.ts';
import { fillCastChecks } from './fill-cast.ts';
import { ctcChecks } from './fused/ctc.ts';
import { optimizerChecks } from './fused/optimizer.ts';
import { rowChecks } from './fused/rows.ts';
import { scanChecks } from './fused/scan.ts';
import { sequenceChecks } from './fused/sequence.ts';
import { gatherChecks } from './gather.ts';
import { indexRangeChecks } from './index-range.ts';
import { largeChecks } from './large.ts';
import { matmulChecks } from './matmul.ts';
import { memoryChecks } from './memory.ts';
import { randomChecks } from './random-bits.ts';
import { reduceChecks } from './reduce.ts';
import { selectChecks } from './select.ts';
import { streamChecks } from './stream.ts';
import { unaryChecks } from './unary.ts';

/**
 * All checks: every method of the contract, every fused operation, and all of them as core uses them.
 *
 * @example
 * ```ts
 * const matmul = conformanceChecks.filter(({ name }) => name.startsWith('matmul'));
 * ```
 */
export const conformanceChecks: readonly Check[] = [
  ...contractChecks,
  ...memoryChecks,
  ...errorChecks,
  ...fillCastChecks,
  ...copyChecks,
  ...gatherChecks,
  ...indexRangeChecks,
  ...unaryChecks,
  ...binaryChecks,
  ...selectChecks,
  ...reduceChecks,
  ...matmulChecks,
  ...randomChecks,
  ...largeChecks,
  ...rowChecks,
  ...sequenceChecks,
  ...streamChecks,
  ...ctcChecks,
  ...scanChecks,
  ...optimizerChecks,
  ...coreOperationChecks,
  ...coreTrainingChecks,
  ...primitiveExtremeChecks,
  ...fusedExtremeChecks,
];
