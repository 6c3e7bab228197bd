import type { CtcLossOp, CtcSpec, DeviceBuffer } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';
import { Kept } from './kept.ts';

interface CtcBuffers {
  /**
   * Targets `[N, maxLabels]`, input lengths `[N]`, target lengths `[N]`, and whether each sequence has a path `[N]`: 1,
   * 0, or 2 where a NaN in the logits makes the loss NaN.
   */
  readonly integers: DeviceBuffer;
  /** The maximum and Σ e^(x − max) of each frame, `[T, N, 2]` */
  readonly normals: DeviceBuffer;
  /** `[N, T, stride]`: e^(x − max) of the labels, then the occupancies */
  readonly shares: DeviceBuffer;
  readonly [name: string]: DeviceBuffer;
}

/** Nanoseconds on one thread: a logit in the softmax, a state of the trellis in both recursions. */
const logitCost = 0.6;
const stateCost = 3;

/** Floats of a frame's row in `shares`; assembly/ctc/layout.ts. */
function strideOf(maxLabels: number): number {
  return 4 + 2 * ((maxLabels + 4) & ~3);
}

function addressesOf(engine: Engine, spec: CtcSpec, integers: DeviceBuffer) {
  const targets = engine.address(integers);
  const inputLengths = targets + 4 * spec.batch * spec.maxTargetLength;
  return {
    targets,
    inputLengths,
    targetLengths: inputLengths + 4 * spec.batch,
    feasible: inputLengths + 8 * spec.batch,
  };
}

/** The targets and lengths, written to the device, with room for the feasibility of each sequence. */
function writeIntegers(engine: Engine, spec: CtcSpec): DeviceBuffer {
  const { batch, maxTargetLength, targets, inputLengths, targetLengths } = spec;
  const buffer = engine.allocate('i32', batch * (maxTargetLength + 3));
  const start = engine.address(buffer) / 4;
  engine.i32.set(targets, start);
  engine.i32.set(inputLengths, start + batch * maxTargetLength);
  engine.i32.set(targetLengths, start + batch * (maxTargetLength + 1));
  return buffer;
}

/**
 * Contract: FusedOps.ctcLoss. The forward pass makes one pass over the logits, for the softmax's maximum and sum and
 * the logits of each sequence's own labels, and runs both recursions on those. It keeps N·T·(L + 1) occupancies; the
 * backward pass makes the softmax once more and subtracts them, so no `[T, N, C]` array lives in between.
 */
export function createCtcLoss(engine: Engine): CtcLossOp {
  function run(
    spec: CtcSpec,
    logits: DeviceBuffer,
    losses: DeviceBuffer,
    { integers, normals, shares }: CtcBuffers,
  ): void {
    const { steps, batch, classes, blank, maxTargetLength, inputLengths, targetLengths, zeroInfinity, needsSaved } =
      spec;
    const at = addressesOf(engine, spec, integers);
    const [normal, share] = [engine.address(normals), engine.address(shares)];
    const shape = [engine.address(logits), steps, batch, classes, blank, at.targets, maxTargetLength];
    engine.run('ctcEmissions', engine.partsFor(steps * batch * classes * logitCost), [
      ...shape,
      at.inputLengths,
      at.targetLengths,
      normal,
      share,
    ]);
    const backward = needsSaved ? 1 : 0;
    let states = 0;
    let workBytes = 64;
    for (let n = 0; n < batch; n++) {
      states += inputLengths[n]! * (2 * targetLengths[n]! + 1);
      workBytes = Math.max(workBytes, engine.kernels.ctcWorkBytes(inputLengths[n]!, targetLengths[n]!, backward));
    }
    // Two parts a thread, each with work space of its own: a thread that is done early takes over from one that is not.
    const threads = engine.partsFor(states * stateCost);
    const parts = threads === 1 ? 1 : Math.min(batch, 2 * threads);
    const stride = Math.ceil(workBytes / 64) * 64;
    engine.withScratch((scratch) => {
      const work = scratch(parts * stride);
      engine.run('ctcForwardBackward', parts, [
        share,
        steps,
        batch,
        maxTargetLength,
        at.targets,
        at.inputLengths,
        at.targetLengths,
        normal,
        engine.address(losses),
        at.feasible,
        work,
        stride,
        backward,
        zeroInfinity ? 1 : 0,
      ]);
    });
  }

  return {
    supports: () => true,

    forward(spec, { logits }) {
      const { steps, batch, maxTargetLength, needsSaved } = spec;
      const losses = engine.allocate('f32', batch);
      const buffers: CtcBuffers = {
        integers: writeIntegers(engine, spec),
        normals: engine.allocate('f32', 2 * steps * batch),
        shares: engine.allocate('f32', steps * batch * strideOf(maxTargetLength)),
      };
      run(spec, logits, losses, buffers);
      const saved = new Kept(engine, buffers);
      if (!needsSaved) saved.release();
      return { outputs: { losses }, saved: needsSaved ? saved : null };
    },

    backward(spec, { inputs, saved, gradients, wanted }) {
      if (!wanted.logits) return { logits: null };
      const { steps, batch, classes, blank, maxTargetLength } = spec;
      const { integers, normals, shares } = Kept.of<CtcBuffers>('ctcLoss', saved);
      const at = addressesOf(engine, spec, integers);
      const dx = engine.allocate('f32', steps * batch * classes);
      engine.run('ctcGradient', engine.partsFor(steps * batch * classes * logitCost), [
        engine.address(inputs.logits),
        steps,
        batch,
        classes,
        blank,
        at.targets,
        maxTargetLength,
        at.inputLengths,
        at.targetLengths,
        engine.address(normals),
        engine.address(shares),
        at.feasible,
        engine.address(gradients.losses),
        engine.address(dx),
      ]);
      return { logits: dx };
    },
  };
}
