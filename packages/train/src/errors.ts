import { TimestepError } from '@timestep/core';

/** The codes of {@link TrainError}. */
export type TrainErrorCode =
  /** A loss or gradient became NaN or infinite. */
  | 'NON_FINITE_LOSS'
  /** No checkpoint in the storage could be read. */
  | 'CHECKPOINT_DAMAGED'
  /** A checkpoint is intact but belongs to another model, optimizer or data order. */
  | 'CHECKPOINT_MISMATCH'
  /** No space is left in the storage. */
  | 'STORAGE_FULL'
  /** Another run uses the storage. */
  | 'STORAGE_LOCKED'
  /** Reading or writing failed for another reason. */
  | 'STORAGE_FAILED'
  /** A model file is damaged or not a model file. */
  | 'MODEL_DAMAGED'
  /** The data source has no batch. */
  | 'DATA_EXHAUSTED';

/**
 * An error of a training run; see {@link TrainErrorCode}.
 *
 * @example
 * ```ts
 * try {
 *   await trainer.fit({ steps: 1000 });
 * } catch (error) {
 *   if (error instanceof TrainError && error.code === 'STORAGE_FULL') console.log('no space is left on the disk');
 *   else throw error;
 * }
 * ```
 */
export class TrainError extends TimestepError {
  override readonly name: string = 'TrainError';
  declare readonly code: TrainErrorCode;
}

/**
 * A loss or gradient became NaN or infinite. That update and all later ones were skipped, so the weights are those from
 * before it.
 *
 * @example
 * ```ts
 * try {
 *   await trainer.fit({ steps: 1000 });
 * } catch (error) {
 *   if (error instanceof NonFiniteLossError) console.log(`step ${error.step}, layer ${error.layer}`);
 *   else throw error;
 * }
 * ```
 */
export class NonFiniteLossError extends TrainError {
  override readonly name: string = 'NonFiniteLossError';
  /** The first update that was skipped, counted from 1. */
  readonly step: number;
  /** Its loss; finite where only the gradient is not. */
  readonly loss: number;
  /** The norm of its gradient. */
  readonly gradientNorm: number;
  /** The first parameter, in the model's order, whose gradient is not finite; null where every gradient is. */
  readonly parameter: string | null;
  /** The layer it belongs to: its name without the last part. */
  readonly layer: string | null;
  /** The last checkpoint written before, all of whose losses were finite; null where there is none. */
  readonly checkpoint: string | null;

  constructor(details: {
    step: number;
    loss: number;
    gradientNorm: number;
    parameter: string | null;
    reproduced: boolean;
    checkpoint: string | null;
  }) {
    const { step, loss, gradientNorm, parameter, reproduced, checkpoint } = details;
    const layer = parameter === null ? null : parameter.split('.').slice(0, -1).join('.');
    const where = !reproduced
      ? 'repeating the step gave finite values, so it does not depend on its batch and random state alone'
      : parameter === null
        ? 'every gradient is finite, so the loss itself is at fault'
        : `the first gradient that is not finite is that of '${parameter}'${layer ? ` in layer '${layer}'` : ''}`;
    const last = checkpoint === null ? 'there is no checkpoint yet' : `the last good checkpoint is ${checkpoint}`;
    super(
      'NON_FINITE_LOSS',
      `[Trainer] expected a finite loss and gradient, got loss ${loss} and gradient norm ${gradientNorm} at step ${step}; ${where}; ${last}. The update was skipped; look for NaN in the data, lower the learning rate, or clip the gradient`,
    );
    this.step = step;
    this.loss = loss;
    this.gradientNorm = gradientNorm;
    this.parameter = parameter;
    this.layer = layer;
    this.checkpoint = checkpoint;
  }
}
