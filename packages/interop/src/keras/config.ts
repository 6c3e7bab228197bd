import * as v from 'valibot';
import { InteropError } from '../errors.ts';

const activation = v.fallback(v.string(), 'an activation of its own');
const common = { name: v.string() };

const recurrentEntries = {
  ...common,
  units: v.pipe(v.number(), v.integer(), v.minValue(1)),
  activation,
  use_bias: v.boolean(),
  return_sequences: v.boolean(),
  return_state: v.optional(v.boolean(), false),
  go_backwards: v.optional(v.boolean(), false),
};

const recurrent = v.variant('class_name', [
  v.object({
    class_name: v.literal('LSTM'),
    config: v.object({ ...recurrentEntries, recurrent_activation: activation }),
  }),
  v.object({
    class_name: v.literal('GRU'),
    config: v.object({ ...recurrentEntries, recurrent_activation: activation, reset_after: v.boolean() }),
  }),
  v.object({ class_name: v.literal('SimpleRNN'), config: v.object(recurrentEntries) }),
]);

const dense = v.object({
  class_name: v.literal('Dense'),
  config: v.object({ ...common, activation, use_bias: v.boolean() }),
});

const layer = v.variant('class_name', [
  ...recurrent.options,
  dense,
  v.object({ class_name: v.literal('InputLayer'), config: v.object(common) }),
  v.object({ class_name: v.literal('Dropout'), config: v.object({ ...common, rate: v.number() }) }),
  v.object({ class_name: v.literal('Activation'), config: v.object({ ...common, activation }) }),
  v.object({
    class_name: v.literal('Embedding'),
    config: v.object({ ...common, mask_zero: v.optional(v.boolean(), false) }),
  }),
  v.object({
    class_name: v.literal('LayerNormalization'),
    config: v.object({
      ...common,
      epsilon: v.number(),
      axis: v.optional(v.union([v.number(), v.array(v.number())]), -1),
      center: v.boolean(),
      scale: v.boolean(),
      rms_scaling: v.optional(v.boolean(), false),
    }),
  }),
  v.object({ class_name: v.literal('TimeDistributed'), config: v.object({ ...common, layer: dense }) }),
  v.object({
    class_name: v.literal('Bidirectional'),
    config: v.object({
      ...common,
      merge_mode: v.nullable(v.string()),
      layer: recurrent,
      backward_layer: v.optional(recurrent),
    }),
  }),
]);

export type KerasRecurrentConfig = v.InferOutput<typeof recurrent>;
export type KerasDenseConfig = v.InferOutput<typeof dense>;
/** A layer of a known class, with the options that matter here. */
export type KerasLayerConfig = v.InferOutput<typeof layer>;

const anyLayer = v.object({
  class_name: v.string(),
  module: v.optional(v.nullable(v.string()), null),
  registered_name: v.optional(v.nullable(v.string()), null),
  config: v.record(v.string(), v.unknown()),
  inbound_nodes: v.optional(v.array(v.unknown()), []),
});
const model = v.object({
  class_name: v.picklist(['Sequential', 'Functional']),
  config: v.object({ layers: v.array(anyLayer) }),
});

const known = layer.options.map(({ entries }) => entries.class_name.literal as string);

/**
 * The layers of a model, in the order in which they run: a Sequential, or a Functional model that is one chain.
 *
 * @throws InteropError `MALFORMED_FILE` for a configuration of another form, `UNSUPPORTED_MODEL` for a layer of another
 *   class and for a graph that branches
 */
export function parseConfig(config: unknown): KerasLayerConfig[] {
  const { class_name, config: given } = check(model, config, 'the configuration of the model');
  if (class_name === 'Functional') checkChain(given.layers);
  return given.layers.map((one) => {
    if (!known.includes(one.class_name))
      throw new InteropError(
        'UNSUPPORTED_MODEL',
        `[keras] there is no counterpart of the layer ${one.class_name}; ${known.join(', ')} can be read`,
      );
    // A class of the user's own may bear the name of one of Keras's.
    const own = one.registered_name !== null && one.registered_name !== one.class_name;
    if (own || !(one.module ?? 'keras').startsWith('keras'))
      throw new InteropError(
        'UNSUPPORTED_MODEL',
        `[keras] the layer '${String(one.config['name'])}' is of a class of its own, ${one.registered_name ?? one.class_name}; only Keras's own layers can be read`,
      );
    return check(layer, one, `the configuration of a ${one.class_name}`);
  });
}

/** Each layer reads the one before it, and nothing else. */
function checkChain(layers: v.InferOutput<typeof model>['config']['layers']): void {
  const history = v.object({ config: v.object({ keras_history: v.tuple([v.string(), v.number(), v.number()]) }) });
  const node = v.object({ args: v.tuple([history]) });
  layers.forEach((one, place) => {
    const before = place === 0 ? null : layers[place - 1]!.config['name'];
    const reads = one.inbound_nodes
      .map((inbound) => v.safeParse(node, inbound))
      .map(({ success, output }) =>
        success ? (output as v.InferOutput<typeof node>).args[0].config.keras_history[0] : undefined,
      );
    const chained = place === 0 ? reads.length === 0 : reads.length === 1 && reads[0] === before;
    if (!chained)
      throw new InteropError(
        'UNSUPPORTED_MODEL',
        `[keras] the layer '${String(one.config['name'])}' reads something else than the one before it; only models that are one chain of layers can be read`,
      );
  });
}

function check<Schema extends v.GenericSchema>(schema: Schema, value: unknown, what: string): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = v.getDotPath(issue);
  throw new InteropError(
    'MALFORMED_FILE',
    `[keras] ${what} is not of Keras 3's form${place ? ` at ${place}` : ''}: ${issue.message}`,
  );
}

/** Keras's own name of a class in a file: `SimpleRNN` → `simple_rnn`. */
export function snakeCase(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
