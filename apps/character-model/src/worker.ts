import { chooseBackend } from './choose-backend.ts';
import type { Report, Request } from './protocol.ts';
import { charactersPerStep, trainCharacterModel } from './training.ts';

/** The page's thread stays free: training, with its waiting for the device, happens here. */
let running: AbortController | null = null;

function report(message: Report): void {
  globalThis.postMessage(message);
}

async function train(request: Extract<Request, { type: 'train' }>, signal: AbortSignal): Promise<void> {
  const { backend, fallback } = await chooseBackend(request.backend);
  try {
    const name = backend.name === 'webgpu' ? 'webgpu' : 'cpu';
    await trainCharacterModel(
      backend,
      request,
      {
        onStart: (parameters) =>
          report({ type: 'ready', backend: name, device: backend.capabilities.device, fallback, parameters }),
        onProgress: ({ step, loss, stepsPerSecond }) =>
          report({
            type: 'progress',
            step,
            loss,
            stepsPerSecond,
            charactersPerSecond: stepsPerSecond * charactersPerStep,
          }),
        onSample: (step, text) => report({ type: 'sample', step, text }),
      },
      signal,
    );
  } finally {
    await backend.dispose();
  }
}

globalThis.addEventListener('message', (event: MessageEvent<Request>) => {
  const request = event.data;
  if (request.type === 'stop') return running?.abort();
  const controller = new AbortController();
  running = controller;
  train(request, controller.signal).then(
    () => report({ type: 'done', stopped: controller.signal.aborted }),
    (error: unknown) => report({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
});
