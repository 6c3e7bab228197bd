import type { EdgeCase } from './case.ts';
import { coreCases } from './core.ts';
import { ctcCases } from './ctc.ts';
import { modelCases } from './models.ts';
import { recurrentCases } from './recurrent.ts';

export const edgeCases: readonly EdgeCase[] = [...coreCases, ...recurrentCases, ...modelCases, ...ctcCases];

/** Exports that take lengths but have no values to pad, or that another case covers. */
export const withoutCase: Readonly<Record<string, string>> = {
  'core/checkLengths': 'checks the lengths themselves',
  'core/checkSequence': 'checks the arguments of the three sequences',
  'core/hidePadding': 'is layers/maskSteps',
};
