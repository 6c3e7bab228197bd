import {
  ArgumentError,
  type AdamStepOp,
  type DeviceBuffer,
  type GlobalNormOp,
  type SgdStepOp,
} from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';

// assembly/optimizer/table.ts describes the table and its blocks.
const rowBytes = 24;
const blockLength = 4096;

interface Table {
  readonly address: number;
  readonly rows: number;
  readonly blocks: number;
}

/** Writes the table of a list of parameters, each with up to four buffers, to scratch memory. */
function writeTable(
  engine: Engine,
  scratch: (bytes: number) => number,
  list: readonly (readonly (DeviceBuffer | null)[])[],
): Table {
  const address = scratch(Math.max(1, list.length) * rowBytes);
  const words = engine.i32;
  let blocks = 0;
  list.forEach((buffers, row) => {
    const at = (address + row * rowBytes) / 4;
    const length = buffers[0]!.length;
    words[at] = length;
    words[at + 1] = blocks;
    for (let k = 0; k < 4; k++) words[at + 2 + k] = engine.addressOrZero(buffers[k] ?? null);
    blocks += Math.ceil(length / blockLength);
  });
  return { address, rows: list.length, blocks };
}

/**
 * Contract: FusedOps.globalNorm. Sums in f64, block by block, so the result does not depend on the number of threads.
 */
export function createGlobalNorm(engine: Engine): GlobalNormOp {
  return {
    supports: () => true,
    run(gradients, maxNorm, norm, factor) {
      engine.withScratch((scratch) => {
        const table = writeTable(
          engine,
          scratch,
          gradients.map((gradient) => [gradient]),
        );
        const sums = scratch(Math.max(1, table.blocks) * 8);
        engine.run('normBlocks', engine.partsFor(table.blocks * blockLength * 0.4), [
          table.address,
          table.rows,
          table.blocks,
          sums,
        ]);
        engine.run('normFactor', 1, [sums, table.blocks, engine.address(norm), engine.address(factor)], [maxNorm]);
      });
    },
  };
}

/** Contract: FusedOps.adamStep. All parameters in one job; the scalars are made in double precision here. */
export function createAdamStep(engine: Engine): AdamStepOp {
  return {
    supports: () => true,
    run(slots, { learningRate, beta1, beta2, epsilon, weightDecay, decoupled, step }, factor) {
      if (!(step >= 1)) throw new ArgumentError(`[adamStep] expected a step of 1 or more, got ${step}; count from 1`);
      engine.withScratch((scratch) => {
        const table = writeTable(
          engine,
          scratch,
          slots.map(({ parameter, gradient, firstMoment, secondMoment }) => [
            parameter,
            gradient,
            firstMoment,
            secondMoment,
          ]),
        );
        engine.run(
          'adamBlocks',
          engine.partsFor(table.blocks * blockLength * 1.5),
          [table.address, table.rows, table.blocks, engine.addressOrZero(factor)],
          [
            beta1,
            beta2,
            1 - beta1,
            1 - beta2,
            learningRate / (1 - beta1 ** step),
            1 / Math.sqrt(1 - beta2 ** step),
            epsilon,
            decoupled ? 0 : weightDecay,
            decoupled ? 1 - learningRate * weightDecay : 1,
          ],
        );
      });
    },
  };
}

/** Contract: FusedOps.sgdStep. */
export function createSgdStep(engine: Engine): SgdStepOp {
  return {
    supports: () => true,
    run(slots, { learningRate, momentum, dampening, nesterov, weightDecay, first }, factor) {
      engine.withScratch((scratch) => {
        const table = writeTable(
          engine,
          scratch,
          slots.map(({ parameter, gradient, velocity }) => [parameter, gradient, velocity]),
        );
        engine.run(
          'sgdBlocks',
          engine.partsFor(table.blocks * blockLength),
          [table.address, table.rows, table.blocks, engine.addressOrZero(factor), nesterov ? 1 : 0, first ? 1 : 0],
          [learningRate, momentum, 1 - dampening, weightDecay],
        );
      });
    },
  };
}
