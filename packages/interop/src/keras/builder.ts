import type { Backend } from '@timestep/core';
import type { Module } from '@timestep/layers';
import * as v from 'valibot';
import { InteropError, ensure } from '../errors.ts';
import { anyRecord, ConfigReader, parseAs } from './config-reader.ts';
import type { KerasLayer, LayerBuilder, LayerSource } from './layer.ts';
import { operationClasses } from './operations.ts';
import { isOperation, placer } from './places.ts';
import { layerClasses } from './layers/table.ts';
import type { WeightReader } from './weight-reader.ts';

const entry = v.object({
  class_name: v.string(),
  module: v.optional(v.nullable(v.string()), null),
  registered_name: v.optional(v.nullable(v.string()), null),
  config: anyRecord,
});

/** The maximum depth of nested layers. Wrappers and models in real files have a handful of levels. */
const maxDepth = 16;

/** Builds layers from their configurations. */
export class Builder implements LayerBuilder {
  readonly backend: Backend;
  /** Behaviour of Keras during training that these layers lack. */
  readonly notes: string[] = [];
  readonly #owned: Module[] = [];
  #depth = 0;

  constructor(backend: Backend) {
    this.backend = backend;
  }

  build(config: unknown, weights: WeightReader): KerasLayer {
    const source = this.open(config, weights);
    const table = isOperation(config) ? operationClasses : layerClasses;
    const make = table.get(source.className);
    if (!make)
      throw new InteropError(
        'UNSUPPORTED_MODEL',
        `[keras] ${source.where} is ${isOperation(config) ? 'the operation' : 'the layer'} ${source.className}, which cannot be read; the README of @timestep/interop lists what can`,
      );
    this.#depth += 1;
    ensure(
      this.#depth <= maxDepth,
      'UNSUPPORTED_MODEL',
      () => `[keras] layers are nested deeper than ${maxDepth} levels at ${source.where}`,
    );
    const layer = make(source);
    this.#depth -= 1;
    source.config.end();
    return layer;
  }

  open(given: unknown, weights: WeightReader): LayerSource {
    const { class_name: className, module, registered_name: registered, config } = parseAs(entry, given, 'a layer');
    const name = typeof config['name'] === 'string' ? config['name'] : className;
    // A user's class may have the name of one of Keras's classes.
    const isForeign = registered !== null && registered !== className;
    if (isForeign || !(module ?? 'keras').startsWith('keras'))
      throw new InteropError(
        'UNSUPPORTED_MODEL',
        `[keras] the layer '${name}' has the custom class ${registered ?? className}; only Keras's own layers can be read`,
      );
    const reader = new ConfigReader(`'${name}'`, config);
    reader.ignore('name', 'trainable', 'batch_input_shape');
    // The table of operations reads the dtype of an operation.
    if (className !== 'InputLayer' && !isOperation(given)) readDType(reader);
    return { className, where: `'${name}'`, config: reader, weights, builder: this };
  }

  openAll(configs: readonly unknown[], weights: WeightReader): LayerSource[] {
    const place = placer();
    return configs.map((config) => this.open(config, weights.at(place(config))));
  }

  own<Made extends Module>(module: Made): Made {
    this.#owned.push(module);
    return module;
  }

  note(what: string): void {
    this.notes.push(what);
  }

  /** Frees the layers built so far. */
  dispose(): void {
    for (const module of this.#owned) module.dispose();
  }
}

const policy = v.object({ class_name: v.string(), config: v.object({ name: v.string() }) });

/** Refuses dtypes other than float32. */
function readDType(config: ConfigReader): void {
  const given = config.get('dtype', v.nullable(v.union([v.string(), policy])), null);
  const name = given === null || typeof given === 'string' ? given : given.config.name;
  const isPlain = given === null || typeof given === 'string' || given.class_name === 'DTypePolicy';
  ensure(
    isPlain && (name === null || name === 'float32'),
    'UNSUPPORTED_MODEL',
    () => `[keras] ${config.where} computes in ${name}; save the model with dtype float32`,
  );
}
