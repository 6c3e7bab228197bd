import { ArgumentError } from '@timestep/core';
import type { Optimizer } from '../optimizers/optimizer.ts';
import type { Schedule } from '../schedules/schedule.ts';

/**
 * Sets the learning rate of every group for the update number `step`.
 *
 * @throws ArgumentError where the schedule's factor is not a finite number ≥ 0
 */
export function applySchedule(optimizer: Optimizer, schedule: Schedule, step: number): void {
  const factor: unknown = schedule.factor(step);
  if (typeof factor !== 'number' || !Number.isFinite(factor) || factor < 0)
    throw new ArgumentError(
      `[Trainer] expected schedule.factor(${step}) to be a finite number ≥ 0, got ${String(factor)}; look at the schedule's options`,
    );
  for (const group of optimizer.groups) group.learningRate = group.settings.learningRate * factor;
}
