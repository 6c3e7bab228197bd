import {
  ArgumentError,
  checkOptions,
  checkValue,
  createScope,
  Generator,
  is,
  type OptionRules,
  type State,
  tensor,
  type Tensor,
} from '@timestep/core';
import { unowned } from '@timestep/core/extend';
import { mapState } from '../recurrent/cell.ts';
import type { Recurrence } from '../scoped.ts';
import { inEvalMode } from '../modes.ts';
import type { Module } from '../module.ts';
import { type SampleOptions, sampleRules, drawSymbol } from './sample.ts';

/** A model that {@link generate} can run, such as a {@link LanguageModel}. */
export interface NextSymbolModel<S extends State> extends Module {
  /** i32 `[T, N]` → logits `[T, N, V]` */
  forward(tokens: Tensor, options?: { readonly state?: S | null | undefined }): Recurrence<S>;
  /** i32 `[N]` → logits `[N, V]` */
  step(tokens: Tensor, state?: S | null): Recurrence<S>;
}

/** Options of {@link generate}. */
export interface GenerateOptions<S extends State> extends SampleOptions {
  /** The symbols to continue, at least one. */
  readonly prompt: ArrayLike<number>;
  /** The most symbols to generate. */
  readonly length: number;
  /** The same seed gives the same text; random by default. */
  readonly seed?: number | undefined;
  /** Stops the text: a symbol (not part of the result), several symbols, or a function of the symbols so far. */
  readonly stop?: number | readonly number[] | ((written: readonly number[]) => boolean) | undefined;
  /** The initial state, such as the one after an earlier text; zeros by default. */
  readonly state?: S | null | undefined;
}

const rules: OptionRules<GenerateOptions<State>> = {
  ...sampleRules,
  prompt: is.like('an array of symbols', 'length'),
  length: is.size(0),
  seed: is.optional(is.number()),
  stop: is.optional(is.anyOf(is.function, is.integer(), is.arrayOf(is.integer(), 'an array of symbols'))),
  state: is.nullable(is.object),
};

/**
 * Continues a prompt symbol by symbol, as an async iterator. Stop whenever you like. Each step runs in evaluation mode
 * and restores the model's mode afterwards.
 *
 * ```ts
 * for await (const symbol of generate(model, { prompt, length: 200, temperature: 0.8, topP: 0.95, seed: 1 }))
 * write(alphabet[symbol]);
 * ```
 *
 * @throws ArgumentError for a prompt that is empty or holds anything but whole numbers, for options out of range, and
 * if
 *   the model returns NaN
 */
export async function* generate<S extends State>(
  model: NextSymbolModel<S>,
  options: GenerateOptions<S>,
): AsyncGenerator<number, void, undefined> {
  checkValue(
    'generate',
    'model',
    model,
    is.like('a model with forward and step, such as a LanguageModel', 'forward', 'step', 'parameters'),
  );
  checkOptions('generate', options, rules);
  const { length } = options;
  if (options.prompt.length === 0)
    throw new ArgumentError(
      '[generate] expected a prompt of at least one symbol; begin with the symbol that texts begin with',
    );
  for (let k = 0; k < options.prompt.length; k++) {
    if (!Number.isInteger(options.prompt[k]))
      throw new ArgumentError(
        `[generate] prompt[${k}] is ${String(options.prompt[k])}, expected the number of a symbol; map a text's characters to their symbols first`,
      );
  }
  const generator = new Generator(options.seed ?? Math.floor(Math.random() * 2 ** 32));
  const stops = stopTest(options.stop);
  const { backend } = model.parameters()[0]!;
  const written: number[] = [];
  let state: S | null = null;
  try {
    for (let count = 0; count < length; count++) {
      // One scope per symbol, because the caller's code runs between two of them.
      let logits: ArrayLike<number>;
      {
        using scope = createScope(backend, { gradient: false, training: false });
        const before: S | null = state;
        const evaluate = (): Recurrence<S> =>
          before
            ? model.step(tensor(backend, Int32Array.of(written.at(-1)!)), before)
            : model.forward(tensor(backend, Int32Array.from(options.prompt), { shape: [options.prompt.length, 1] }), {
                state: options.state,
              });
        const result = scope.run(() => inEvalMode(model, evaluate));
        state = mapState(result.state, unowned);
        for (const part of Object.values(before ?? {})) part.dispose();
        const all = await result.output.data();
        logits = all.subarray(all.length - result.output.shape.at(-1)!);
      }
      const symbol = drawSymbol(logits, generator, options);
      if (stops.symbols.has(symbol)) return;
      written.push(symbol);
      yield symbol;
      if (stops.written(written)) return;
    }
  } finally {
    for (const part of Object.values(state ?? {})) part.dispose();
  }
}

function stopTest(stop: GenerateOptions<State>['stop']): {
  readonly symbols: ReadonlySet<number>;
  readonly written: (written: readonly number[]) => boolean;
} {
  if (typeof stop === 'function') return { symbols: new Set(), written: stop };
  const symbols = stop === undefined ? [] : typeof stop === 'number' ? [stop] : stop;
  return { symbols: new Set(symbols), written: () => false };
}
