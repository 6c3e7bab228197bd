import { tensor, type Backend, type Tensor } from '@timestep/core';
import { unowned } from '@timestep/core/extend';
import { Module, Parameter, type Slot } from '@timestep/layers';
import type { Hdf5Dataset } from '../hdf5/types.ts';
import type { CallReader } from './call-reader.ts';
import type { ConfigReader } from './config-reader.ts';
import type { Compute } from './run.ts';
import type { WeightReader } from './weight-reader.ts';

/** A layer of the model. */
export interface KerasLayer {
  /** Its parameters, if it has any. */
  readonly module: Module | null;
  /** Reads the arguments of one call; a shared layer has several. */
  bind(call: CallReader): Compute;
}

/** The configuration and weights of a layer. */
export interface LayerSource {
  readonly className: string;
  /** The name in messages. */
  readonly where: string;
  readonly config: ConfigReader;
  readonly weights: WeightReader;
  readonly builder: LayerBuilder;
}

/** Builds layers, and owns them until a model does. */
export interface LayerBuilder {
  readonly backend: Backend;
  /** Builds a nested layer from its configuration, `{ class_name, config }`, and its weights. */
  build(config: unknown, weights: WeightReader): KerasLayer;
  /** Opens the configuration of a nested layer, so that the outer class can read it; call `config.end()` afterwards. */
  open(config: unknown, weights: WeightReader): LayerSource;
  /** The same for a list of layers. The weights of each are in a folder named after its position in Keras. */
  openAll(configs: readonly unknown[], weights: WeightReader): LayerSource[];
  /** Registers a module, so that it is disposed if the file turns out to be wrong. */
  own<Made extends Module>(module: Made): Made;
  /** Records behaviour of Keras during training that this package lacks, such as recurrent dropout. */
  note(what: string): void;
}

export type LayerClass = (source: LayerSource) => KerasLayer;

/** Parameters and buffers, in Keras's layout, of a layer that has no class in `@timestep/layers`. */
export class KerasParameters extends Module {
  readonly #tensors = new Map<string, Tensor>();

  constructor(
    backend: Backend,
    parameters: Readonly<Record<string, Hdf5Dataset | null>>,
    buffers: Readonly<Record<string, Hdf5Dataset>> = {},
  ) {
    super();
    for (const [name, array] of Object.entries(parameters))
      if (array) this.#tensors.set(name, new Parameter(backend, array.shape, array.data));
    for (const [name, { data, shape }] of Object.entries(buffers)) {
      this.#tensors.set(name, unowned(tensor(backend, data, { shape })));
    }
  }

  /** @throws TypeError for an unknown name */
  get(name: string): Tensor {
    return this.find(name)!;
  }

  find(name: string): Tensor | null {
    return this.#tensors.get(name) ?? null;
  }

  override slots(): Slot[] {
    return [...this.#tensors].map(([name, value]) => ({
      name,
      value,
      replace: (fresh) => void this.#tensors.set(name, fresh),
    }));
  }
}
