import {
  ArgumentError,
  checkOptions,
  checkValue,
  createScope,
  is,
  type HostArray,
  type OptionRules,
} from '@timestep/core';
import { Recurrent, type Module } from '@timestep/layers';
import { readLossResult } from '../trainer/loss-result.ts';
import type { LossFunction } from '../trainer/options.ts';
import { CellProbe } from './probe.ts';

/** Options of {@link gradientFlow}. */
export interface GradientFlowOptions {
  /**
   * A norm below this fraction of the largest counts as lost. A norm above the last one by the inverse factor counts as
   * exploding. 1e-3 by default.
   */
  readonly threshold?: number | undefined;
}

const rules: OptionRules<GradientFlowOptions> = { threshold: is.optional(is.number({ above: 0, below: 1 })) };

/** The gradient flow through one cell. */
export interface LayerFlow {
  /** The layer's path with the cell's place: `encoder_l0`, `encoder_l0_reverse`. */
  readonly name: string;
  /** ‖∂L/∂h_t‖ over the whole batch, for t = 0 … T − 1. */
  readonly norms: Float64Array;
  /** The fraction of each gate's values within 5 % of an end of its range, where the slope is almost 0. */
  readonly saturation: Readonly<Record<string, number>>;
  /**
   * The first step, going back from the largest norm, where the norm is below the threshold; null if there is none.
   */
  readonly lostAt: number | null;
  /** The mean factor of the norm per step back, between the first and the last norm that are not 0. */
  readonly factor: number;
  readonly verdict: 'steady' | 'vanishing' | 'exploding';
}

/** The result of {@link gradientFlow}. */
export interface GradientFlow {
  readonly loss: number;
  readonly layers: readonly LayerFlow[];
  /** The names of the layers where the gradient explodes, even if it is still finite. */
  readonly exploding: readonly string[];
}

/**
 * Measures how far back in time a loss reaches (Hochreiter 1991; Bengio, Simard and Frasconi 1994). It returns the norm
 * of the gradient at the hidden state of every step, for every recurrent layer of a model. The gradient at h_t is the
 * total one: through the output of step t and through all later steps. The model runs step by step; its parameters and
 * gradients do not change.
 *
 * @param loss a loss function, as for a Trainer
 * @throws ArgumentError for an unknown option or a wrong value, and if the model has no recurrent layer
 * @example
 * ```ts
 * const flow = await gradientFlow(model, batch, loss);
 * console.log(flow.layers.map(({ name, verdict, lostAt }) => `${name}: ${verdict} ${lostAt ?? ''}`));
 * await writeFile('flow.svg', gradientFlowPicture({ LSTM: flow }));
 * ```
 */
export async function gradientFlow<Model extends Module, Batch>(
  model: Model,
  batch: Batch,
  loss: LossFunction<Model, Batch>,
  options: GradientFlowOptions = {},
): Promise<GradientFlow> {
  checkValue('gradientFlow', 'model', model, is.like('a model (a Module)', 'namedModules', 'parameters'));
  checkValue('gradientFlow', 'loss', loss, is.function);
  checkOptions('gradientFlow', options, rules);
  const { threshold = 1e-3 } = options;
  const probes = model
    .namedModules()
    .flatMap(([path, module]) => (module instanceof Recurrent ? probesOf(path, module as Recurrent<never>) : []));
  if (probes.length === 0)
    throw new ArgumentError(
      '[gradientFlow] expected a model with a recurrent layer (RNN, LSTM, GRU or Recurrent), got none',
    );
  const parameters = model.parameters();
  const { backend } = parameters[0]!;
  const held = parameters.map(({ grad }) => grad);
  for (const parameter of parameters) parameter.grad = null;
  for (const probe of probes) probe.attach();
  try {
    using scope = createScope(backend, { gradient: true });
    const value = scope.run(() => {
      const result = loss(model, batch, { step: 0, training: model.training, carried: null });
      const { loss: scalar } = readLossResult('gradientFlow', result);
      scalar.backward();
      return scalar;
    });
    const layers: LayerFlow[] = [];
    for (const probe of probes) layers.push(await readProbe(probe, threshold));
    return {
      loss: await value.item(),
      layers,
      exploding: layers.filter(({ verdict }) => verdict === 'exploding').map(({ name }) => name),
    };
  } finally {
    for (const probe of probes) {
      probe.detach();
      probe.dispose();
    }
    parameters.forEach((parameter, index) => {
      parameter.grad?.dispose();
      parameter.grad = held[index]!;
    });
  }
}

function probesOf(path: string, layer: Recurrent<never>): CellProbe[] {
  return layer.cells.map((cell, row) => {
    const place = `l${Math.floor(row / layer.directions)}${row % layer.directions === 1 ? '_reverse' : ''}`;
    return new CellProbe(path === '' ? place : `${path}_${place}`, cell);
  });
}

async function readProbe(probe: CellProbe, threshold: number): Promise<LayerFlow> {
  const norms = new Float64Array(probe.zeros.length);
  const reached = probe.zeros.flatMap(({ grad }, t) => (grad ? [{ grad, t }] : []));
  const gradients =
    reached.length > 0 ? await reached[0]!.grad.backend.readMany(reached.map(({ grad }) => grad.buffer)) : [];
  gradients.forEach((values, index) => (norms[reached[index]!.t] = normOf(values)));
  const { lostAt, factor, verdict } = judge(probe.reverse ? norms.toReversed() : norms, threshold);
  const back = lostAt === null || !probe.reverse ? lostAt : norms.length - 1 - lostAt;
  return { name: probe.name, norms, saturation: await saturationOf(probe), lostAt: back, factor, verdict };
}

function normOf(values: HostArray): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

/** @param norms in the order of travel */
function judge(norms: Float64Array, threshold: number): Pick<LayerFlow, 'lostAt' | 'factor' | 'verdict'> {
  const last = norms.findLastIndex((norm) => norm !== 0);
  const first = norms.findIndex((norm) => norm !== 0);
  if (last < 0) return { lostAt: null, factor: 1, verdict: 'steady' };
  const factor = last > first ? (norms[first]! / norms[last]!) ** (1 / (last - first)) : 1;
  const largest = norms.reduce((most, norm) => Math.max(most, norm), 0);
  const peak = norms.indexOf(largest);
  const lost = norms.subarray(0, Math.max(0, peak)).findLastIndex((norm) => norm < threshold * largest);
  if (!Number.isFinite(largest) || largest > norms[last]! / threshold)
    return { lostAt: null, factor, verdict: 'exploding' };
  return { lostAt: lost < 0 ? null : lost, factor, verdict: lost < 0 ? 'steady' : 'vanishing' };
}

async function saturationOf({ gates, blocks, sums, lengths }: CellProbe): Promise<Record<string, number>> {
  const [first] = sums;
  if (!first) return {};
  const [batch, width] = first.shape as [number, number];
  const size = width / blocks;
  const values = await first.backend.readMany(sums.map(({ buffer }) => buffer));
  const shareOf = ({ block, limit }: CellProbe['gates'][number]): number => {
    let [flat, seen] = [0, 0];
    values.forEach((step, t) => {
      for (let n = 0; n < batch; n++) {
        if (lengths && t >= lengths[n]!) continue;
        for (let k = 0; k < size; k++) if (Math.abs(step[n * width + block * size + k]!) > limit) flat++;
        seen += size;
      }
    });
    return seen === 0 ? 0 : flat / seen;
  };
  return Object.fromEntries(gates.map((gate) => [gate.name, shareOf(gate)]));
}
