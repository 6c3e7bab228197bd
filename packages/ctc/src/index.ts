export * from './edit-distance.ts';
export type { Emissions, Numbers } from './emissions.ts';
export * from './error-rate.ts';
export * from './greedy.ts';
export { CTCLoss, type CTCLossOptions, type CtcTargets } from './loss.ts';
export * from './priors.ts';
