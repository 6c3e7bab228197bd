export { backwardPass, CheckFailure, conformanceChecks, exact, forwardPass, relativeOnly, runChecks, Session, single, SkipCheck, summed, type Accuracy, type Check, type CheckContext, type NonFinite, type Outcome, type Subject } from './checks.ts';
export { testBackend } from './test-backend.ts';
