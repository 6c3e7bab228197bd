import type { Backend, Generator } from '@timestep/core';
import type { Module } from '@timestep/layers';
import type { DataSource, Json, LossFunction, Optimizer, Schedule } from '@timestep/train';
import type { GenericSchema, InferOutput } from 'valibot';
import type { Html } from '../report/html.ts';
import type { Settings } from './settings.ts';

/** The values that an app measures, each named in camelCase, such as `{ accuracy: 0.83 }`. */
export type Metrics = Readonly<Record<string, number>>;

/** Where the examples come from. */
export interface DataRequest<Config> {
  /** The folder of `--data` or of a download; null for the sample that ships with the app. */
  readonly folder: string | null;
  /** The configuration as the flags have it; flags that were left out hold their defaults. */
  readonly config: Config;
  /** The result of `prepare` in the model that is to be judged; missing before a training. */
  readonly saved?: Json | undefined;
  readonly signal: AbortSignal;
}

/** The examples of one data set, in the parts that it has. `Part` is whatever the app makes of it, often an array. */
export interface Parts<Part, Config> {
  /** Missing where a folder holds the test part alone. */
  readonly train?: Part | undefined;
  readonly validation?: Part | undefined;
  readonly test?: Part | undefined;
  /** One line about them, such as `6,920 sentences of sst2`. */
  readonly about: string;
  /** Settings that suit this data better than the defaults; a flag of the user comes before them. */
  readonly settings?: Partial<Config> | undefined;
  /** Updates that suit this data; `--steps` comes before it. */
  readonly steps?: number | undefined;
}

/** A trained or new model with all that belongs to it. */
export interface Trained<Config, Saved, Model> {
  readonly backend: Backend;
  readonly model: Model;
  readonly config: Config;
  /** The result of `prepare`, such as a vocabulary or a scaler. */
  readonly saved: Saved;
}

/** One section of a report page. */
export interface Section {
  readonly heading: string;
  readonly body: Html | readonly Html[];
}

/** The app's part of its report page. The title, the training curves and the metrics are added for it. */
export interface ReportContents {
  /** Large figures at the top: value and label. The metrics by default. */
  readonly figures?: readonly (readonly [value: string, label: string])[];
  readonly sections: readonly Section[];
}

/** Training batches, and how to free what makes them. */
export type BatchSource<Batch> = DataSource<Batch> & { close?(): Promise<void> };

/** The examples that `evaluate` and `report` judge, and how to use the model on them. */
export interface Judged<Part, Inference> {
  readonly part: Part;
  readonly inference: Inference;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One use of recurrent networks: everything that is particular to it. `runApp` gives it the commands `train`,
 * `evaluate`, `predict` and `report`, their flags, model files, resumable runs and the report page.
 */
export interface App<
  ConfigSchema extends Settings,
  InferenceSchema extends Settings,
  Part extends { readonly length: number },
  Saved extends Json,
  Model extends Module,
  Batch,
> {
  /** Lower case with hyphens: the folder's name. */
  readonly name: string;
  /** One sentence for the list of apps. */
  readonly summary: string;
  /** Of the model files; raise it when older files no longer fit. 1 by default. */
  readonly version?: number;
  /** Sizes, learning rate and other settings of the model and its training: they become flags of `train`. */
  readonly config: ConfigSchema;
  /** Settings of a trained model's use, such as a beam width: flags of `evaluate`, `predict` and `report`. */
  readonly inference: InferenceSchema;
  /** Updates where neither `--steps` nor the data say otherwise. */
  readonly steps: number;
  /** The metric that decides which model is the best. A run ends with the best weights, or with the `last` ones. */
  readonly decides: { readonly metric: string; readonly mode: 'min' | 'max'; readonly keep?: 'best' | 'last' };
  /** Updates between two validations; a tenth of the run by default. */
  readonly validateEvery?: number;
  /** `--download`: fetches the real data and returns their folder. Without it the flag is not offered. */
  readonly download?: (signal: AbortSignal) => Promise<string>;
  /** The model that ships with the app, for `predict` without `--model`. By default the one that `train` writes. */
  readonly shippedModel?: URL;
  /** The result of `prepare`: a model file that holds something else is refused. */
  readonly savedSchema?: GenericSchema<unknown, Saved>;

  read(request: DataRequest<InferOutput<ConfigSchema>>): Promise<Parts<Part, InferOutput<ConfigSchema>>>;

  /** Derives from the training part what must be saved with the model: a vocabulary, a scaler. */
  prepare(train: Part, config: InferOutput<ConfigSchema>): Saved | Promise<Saved>;

  /** Makes the model with fresh weights. */
  build(context: {
    readonly backend: Backend;
    readonly config: InferOutput<ConfigSchema>;
    readonly saved: Saved;
    readonly generator: Generator;
  }): Model;

  /** The order of the training batches; the same for the same seed. They are closed when training ends. */
  batches(context: {
    readonly part: Part;
    readonly config: InferOutput<ConfigSchema>;
    readonly saved: Saved;
    readonly seed: number;
  }): BatchSource<Batch>;

  readonly loss: LossFunction<Model, Batch>;

  /** AdamW with a one-cycle schedule at `config.learningRate` by default. */
  optimizer?(context: { readonly model: Model; readonly config: InferOutput<ConfigSchema>; readonly steps: number }): {
    readonly optimizer: Optimizer;
    readonly schedule?: Schedule | undefined;
  };

  /**
   * Keeps a moving average of the weights with this decay, such as 0.99: validations, the model file and the report use
   * it. None by default.
   */
  readonly averageDecay?: number;

  /** Judges a model on all of a part. */
  evaluate(
    trained: Trained<InferOutput<ConfigSchema>, Saved, Model>,
    judged: Judged<Part, InferOutput<InferenceSchema>>,
  ): Promise<Metrics>;

  /** The part that validations during training look at, where all of it takes too long. */
  watched?(validation: Part): Part;

  /** A few examples to read after training, a line each. */
  examples?(
    trained: Trained<InferOutput<ConfigSchema>, Saved, Model>,
    judged: Judged<Part, InferOutput<InferenceSchema>>,
  ): Promise<readonly string[]>;

  /** Answers each input, a line of text or the path of a file, with what `predict` prints. */
  predict(
    trained: Trained<InferOutput<ConfigSchema>, Saved, Model>,
    inputs: AsyncIterable<string>,
    inference: InferOutput<InferenceSchema>,
  ): AsyncIterable<string>;

  report(
    trained: Trained<InferOutput<ConfigSchema>, Saved, Model>,
    judged: Judged<Part, InferOutput<InferenceSchema>> & { readonly metrics: Metrics },
  ): Promise<ReportContents>;
}

/**
 * Declares an app; see {@link App}. It returns its argument and is there for the types.
 *
 * ```ts
 * export const sentiment = defineApp({ name: 'sentiment', summary: '…', config: v.object({ … }), … });
 * ```
 */
export function defineApp<
  ConfigSchema extends Settings,
  InferenceSchema extends Settings,
  Part extends { readonly length: number },
  Saved extends Json,
  Model extends Module,
  Batch,
>(
  app: App<ConfigSchema, InferenceSchema, Part, Saved, Model, Batch>,
): App<ConfigSchema, InferenceSchema, Part, Saved, Model, Batch> {
  return app;
}
