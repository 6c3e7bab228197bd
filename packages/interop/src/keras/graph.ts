import { Module, type Slot } from '@timestep/layers';
import * as v from 'valibot';
import { InteropError, ensure } from '../errors.ts';
import { parseArguments, type NodeCall, type ValueKey } from './arguments.ts';
import { CallReader } from './call-reader.ts';
import { anyRecord, ConfigReader, parseAs } from './config-reader.ts';
import type { KerasLayer, LayerSource } from './layer.ts';
import type { Compute, Run } from './run.ts';
import { isOperation, placer } from './places.ts';
import type { Value } from './value.ts';

/** An input of a model. */
export interface GraphInput {
  readonly name: string;
  readonly key: string;
  /** The shape in Keras, batch first; null for an unknown length. */
  readonly shape: readonly (number | null)[];
  /** Whether an Embedding reads it, so that it holds tokens. */
  readonly isTokens: boolean;
}

/** A model, with its layers in the order of execution. */
export interface Graph {
  readonly module: Module;
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly { readonly name: string; readonly key: string }[];
  /** Whether a layer computes a mask from the data. */
  readonly masks: boolean;
  compute(run: Run): readonly Value[];
}

/** The layers of a model under the names of their positions in Keras. */
class Layers extends Module {
  readonly #layers: ReadonlyMap<string, Module>;

  constructor(layers: ReadonlyMap<string, Module>) {
    super();
    this.#layers = layers;
  }

  override slots(): Slot[] {
    return [...this.#layers].map(([name, value]) => ({ name, value }));
  }
}

interface Built {
  readonly name: string;
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly layer: KerasLayer;
  readonly calls: readonly NodeCall[];
}

/** Builds a Sequential or a Functional model from its configuration. */
export function buildGraph(source: LayerSource): Graph {
  const { className, config, weights, builder, where } = source;
  config.ignore('build_input_shape');
  config.only('batch_size', null);
  const configs = config.get('layers', v.array(anyRecord));
  const place = placer();
  const modules = new Map<string, Module>();
  const built = configs.map((entry): Built => {
    const reader = readNode(entry);
    const at = isOperation(entry) ? '' : place(entry);
    const layer = builder.build(entry, weights.at('layers').at(at));
    if (layer.module) modules.set(at, layer.module);
    const given = parseAs(anyRecord, entry['config'], 'a layer', 'config');
    const name = String(entry['name'] ?? given['name']);
    return { name, className: String(entry['class_name']), config: given, layer, calls: reader };
  });
  ensure(
    built.some((one) => one.className !== 'InputLayer'),
    'UNSUPPORTED_MODEL',
    () => `[keras] the model ${where} has no layers`,
  );
  const graph = className === 'Sequential' ? chain(built) : connect(config, built);
  return { module: new Layers(modules), masks: built.some(makesMask), ...graph };
}

/** Reads the calls of a layer. Entries other than its configuration must be known. */
function readNode(entry: Readonly<Record<string, unknown>>): NodeCall[] {
  const reader = new ConfigReader(`the layer ${JSON.stringify(entry['name'] ?? entry['class_name'] ?? null)}`, entry);
  reader.ignore('class_name', 'module', 'registered_name', 'config', 'name', 'shared_object_id');
  reader.ignore('build_config', 'compile_config');
  const nodes = reader.get('inbound_nodes', v.array(v.unknown()), []);
  reader.end();
  return nodes.map((node) => parseArguments(node));
}

function makesMask({ className, config }: Built): boolean {
  return className === 'Masking' || (className === 'Embedding' && config['mask_zero'] === true);
}

function inputOf({ name, config }: Built, isTokens: boolean): GraphInput {
  const shape = config['batch_shape'] ?? config['batch_input_shape'];
  const parsed = parseAs(v.array(v.nullable(v.number())), shape, `the input '${name}'`, 'batch_shape');
  return { name, key: keyOf([name, 0, 0]), shape: parsed, isTokens };
}

function keyOf([name, node, tensor]: ValueKey): string {
  return `${name}/${node}/${tensor}`;
}

/** A Sequential model: each layer reads the output of the one before. */
function chain(built: readonly Built[]): Pick<Graph, 'inputs' | 'outputs' | 'compute'> {
  const [first] = built as [Built];
  const layers = built.filter(({ className }) => className !== 'InputLayer');
  const isTokens = layers[0]!.className === 'Embedding';
  const input =
    first.className === 'InputLayer'
      ? inputOf(first, isTokens)
      : // A model that was never given a shape: sequences of whatever.
        { name: 'input', key: keyOf(['input', 0, 0]), shape: isTokens ? [null, null] : [null, null, null], isTokens };
  const computes = layers.map(({ layer, name }) =>
    layer.bind(new CallReader(`'${name}'`, [{ source: (run) => run.values.get('current')! }])),
  );
  return {
    inputs: [input],
    outputs: [{ name: layers.at(-1)!.name, key: '' }],
    compute(run) {
      let values: readonly Value[] = [run.values.get(input.key)!];
      for (const compute of computes) values = compute({ ...run, values: new Map([['current', values[0]!]]) });
      return values.slice(0, 1);
    },
  };
}

const triple = v.pipe(
  v.array(v.unknown()),
  v.length(3),
  v.check((value) => typeof value[0] === 'string'),
);

/** Reads the values in `input_layers` and `output_layers`, which may be nested in lists and dictionaries. */
function references(given: unknown, name: string | null = null): { name: string | null; key: ValueKey }[] {
  if (Array.isArray(given)) {
    if (v.is(triple, given)) {
      const [layer, node, tensor] = parseAs(
        v.tuple([v.string(), v.number(), v.number()]),
        given,
        'the model',
        'output_layers',
      );
      return [{ name, key: [layer, node, tensor] }];
    }
    return given.flatMap((one) => references(one, name));
  }
  const entries = Object.entries(parseAs(anyRecord, given, 'the model', 'output_layers'));
  // Keras flattens a dictionary in the order of its keys.
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([key, value]) => references(value, key));
}

/** A Functional model: the calls in an order in which each one follows its inputs. */
function connect(config: ConfigReader, built: readonly Built[]): Pick<Graph, 'inputs' | 'outputs' | 'compute'> {
  const inputs = references(config.get('input_layers', v.unknown()));
  const outputs = references(config.get('output_layers', v.unknown()));
  const byName = new Map(built.map((one) => [one.name, one]));
  const steps: { readonly key: string; readonly compute: Compute }[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const tokens = new Set<string>();

  const visit = (name: string, node: number): void => {
    const key = `${name}/${node}`;
    if (state.get(key) === 'done') return;
    const one = byName.get(name);
    ensure(one !== undefined, 'MALFORMED_FILE', () => `[keras] a layer reads '${name}', which is not in the model`);
    ensure(state.get(key) !== 'open', 'MALFORMED_FILE', () => `[keras] the layer '${name}' reads its own output`);
    state.set(key, 'open');
    if (one.className !== 'InputLayer') {
      const call = one.calls[node];
      ensure(
        call !== undefined,
        'MALFORMED_FILE',
        () => `[keras] a layer reads call ${node} of '${name}', which was called ${one.calls.length} times`,
      );
      for (const [from, place] of call.reads) visit(from, place);
      if (one.className === 'Embedding') for (const read of call.reads) tokens.add(keyOf(read));
      const reader = new CallReader(`'${name}'`, call.args(find), call.kwargs(find));
      steps.push({ key, compute: one.layer.bind(reader) });
    }
    state.set(key, 'done');
  };
  const find =
    (key: ValueKey) =>
    ({ values }: Run): Value => {
      const found = values.get(keyOf(key));
      if (!found)
        throw new InteropError('MALFORMED_FILE', `[keras] '${key[0]}' has no output ${key[2]}, which a layer reads`);
      return found;
    };

  for (const { key } of outputs) visit(key[0], key[1]);
  ensure(outputs.length > 0, 'MALFORMED_FILE', () => '[keras] the model has no outputs');
  return {
    inputs: inputs.map(({ key }) => {
      const one = byName.get(key[0]);
      ensure(
        one?.className === 'InputLayer',
        'UNSUPPORTED_MODEL',
        () => `[keras] the input '${key[0]}' of the model is not an input layer`,
      );
      return inputOf(one, tokens.has(keyOf(key)));
    }),
    outputs: named(outputs),
    compute(run) {
      const values = new Map(run.values);
      for (const { key, compute } of steps)
        compute({ ...run, values }).forEach((value, place) => values.set(`${key}/${place}`, value));
      return outputs.map(({ key }) => find(key)({ ...run, values }));
    },
  };
}

/** Names the outputs: by the key of the dictionary or by the layer, with a number if the layer has several outputs. */
function named(outputs: readonly { name: string | null; key: ValueKey }[]): Graph['outputs'] {
  const taken = new Set<string>();
  return outputs.map(({ name, key }) => {
    const stem = name ?? key[0];
    let fresh = stem;
    for (let count = 1; taken.has(fresh); count++) fresh = `${stem}:${count}`;
    taken.add(fresh);
    return { name: fresh, key: keyOf(key) };
  });
}
