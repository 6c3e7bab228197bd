export { exact, single, relativeOnly, forwardPass, backwardPass, summed, type Accuracy } from './suite/accuracy.ts';
export { CheckFailure, SkipCheck, type Check, type CheckContext, type NonFinite, type Subject } from './suite/check.ts';
export { conformanceChecks } from './suite/checks/index.ts';
export { runChecks, Session, type Outcome } from './suite/run.ts';
