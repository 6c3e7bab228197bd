import { TimestepError } from '@timestep/core';

/** What can go wrong in a run, besides the errors of the layers below. */
export type TrainErrorCode =
  /** A loss or gradient became NaN or infinite. */
  | 'NON_FINITE_LOSS'
  /** No checkpoint in the storage could be read. */
  | 'CHECKPOINT_DAMAGED'
  /** A checkpoint is whole but belongs to another model, optimiser or data order. */
  | 'CHECKPOINT_MISMATCH'
  /** No room is left where checkpoints or logs are written. */
  | 'STORAGE_FULL'
  /** Another run is at work where checkpoints or logs are written. */
  | 'STORAGE_LOCKED'
  /** Reading or writing failed for another reason. */
  | 'STORAGE_FAILED'
  /** A model's file is damaged, or of another kind. */
  | 'MODEL_DAMAGED'
  /** The data source gave no batch at all. */
  | 'DATA_EXHAUSTED';

/** An error of a training run; see {@link TrainErrorCode}. */
export class TrainError extends TimestepError {
  override readonly name: string = 'TrainError';
  declare readonly code: TrainErrorCode;
}

/**
 * A loss or gradient became NaN or infinite. The weights are as they were before that update: it was skipped, and so
 * were those after it.
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
      `[trainer] expected a finite loss and gradient, got loss ${loss} and gradient norm ${gradientNorm} at step ${step}; ${where}; ${last}. The update was skipped; look for NaN in the data, lower the learning rate, or clip the gradient`,
    );
    this.step = step;
    this.loss = loss;
    this.gradientNorm = gradientNorm;
    this.parameter = parameter;
    this.layer = layer;
    this.checkpoint = checkpoint;
  }
}
