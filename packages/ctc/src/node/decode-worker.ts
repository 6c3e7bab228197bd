// The code of a worker thread: creates its decoder once, then decodes the emissions that it receives.
import { parentPort, workerData } from 'node:worker_threads';
import { CTCBeamDecoder } from '../decoder/decoder.ts';
import { NgramModel } from '../language-model/ngram-model.ts';
import type { WorkerOptions, WorkerReply, WorkerRequest } from './messages.ts';

const { options, languageModel } = workerData as WorkerOptions;
const decoder = new CTCBeamDecoder({ ...options, languageModel: languageModel && NgramModel.from(languageModel) });

parentPort!.on('message', ({ id, emissions }: WorkerRequest) => {
  let reply: WorkerReply;
  try {
    reply = { id, results: decoder.decode(emissions) };
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    reply = { id, error: { message, code: code ?? 'DECODER_FAILED' } };
  }
  parentPort!.postMessage(reply);
});
