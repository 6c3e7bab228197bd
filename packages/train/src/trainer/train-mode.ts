import type { Module } from '@timestep/layers';

/**
 * Runs `body` with a model that trains: one that is in `eval()` as a whole is switched to `train()` for that time, and
 * each part gets its mode back. One that trains stays as it is, parts that are in `eval()` included.
 */
export async function inTrainMode<Result>(model: Module, body: () => Promise<Result>): Promise<Result> {
  if (model.training) return await body();
  const modes = model.modules().map((module) => [module, module.training] as const);
  model.train();
  try {
    return await body();
  } finally {
    for (const [module, training] of modes) module.training = training;
  }
}
