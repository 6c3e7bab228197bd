import type { BeamDecoderOptions } from '../decoder/options.ts';
import type { BeamResult } from '../decoder/result.ts';
import type { Emissions } from '../emissions.ts';
import type { NgramData } from '../language-model/ngram-model.ts';

export interface WorkerOptions {
  readonly options: Omit<BeamDecoderOptions, 'languageModel'>;
  readonly languageModel: NgramData | null;
}

export interface WorkerRequest {
  readonly id: number;
  /** Of one utterance */
  readonly emissions: Emissions;
}

export type WorkerReply =
  | { readonly id: number; readonly results: BeamResult[][] }
  | { readonly id: number; readonly error: { readonly message: string; readonly code: string } };
