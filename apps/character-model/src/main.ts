import { corpus } from './corpus.ts';
import { createLossChart } from './loss-chart.ts';
import type { BackendChoice, Report, Request } from './protocol.ts';
import './style.css';

function element<Kind extends HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}

const form = element<HTMLFormElement>('settings');
const start = element<HTMLButtonElement>('start');
const stop = element<HTMLButtonElement>('stop');
const text = element<HTMLTextAreaElement>('text');
const chart = createLossChart(element('chart'));
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
let worker: Worker | null = null;
let described = '';

// `?backend=cpu&hidden=64&steps=200` sets the form, so that a setting can be shared.
for (const [name, value] of new URLSearchParams(location.search)) {
  const field = form.elements.namedItem(name);
  if (field instanceof HTMLSelectElement || field instanceof HTMLInputElement) field.value = value;
}
text.value = corpus;

function show(state: 'running' | 'done' | 'failed', message: string): void {
  const status = element('status');
  status.dataset['state'] = state;
  status.textContent = message;
  start.disabled = state === 'running';
  stop.disabled = state !== 'running';
}

function receive(report: Report): void {
  switch (report.type) {
    case 'ready': {
      const where = report.backend === 'webgpu' ? `WebGPU: ${report.device}` : `the processor: ${report.device}`;
      described = `${whole.format(report.parameters)} parameters on ${where}`;
      element('status').dataset['backend'] = report.backend;
      element('status').title = report.fallback ?? '';
      show('running', `Training ${described}${report.fallback === null ? '.' : ' (no GPU to use here).'}`);
      return;
    }
    case 'progress':
      element('step').textContent = whole.format(report.step);
      element('loss').textContent = report.loss.toFixed(3);
      element('speed').textContent = report.stepsPerSecond.toFixed(1);
      element('characters').textContent = whole.format(report.charactersPerSecond);
      {
        chart.add(report.step, report.loss);
        return;
      }
    case 'sample':
      element('sample-step').textContent = `after ${whole.format(report.step)} steps`;
      element('sample').textContent = report.text;
      return;
    case 'done': {
      show('done', `${report.stopped ? 'Stopped' : 'Done'}: ${described}.`);
      return;
    }
    case 'failed': {
      show('failed', report.message);
      return;
    }
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  // A Worker for each run: whatever state a device was left in goes with it.
  worker?.terminate();
  worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }: MessageEvent<Report>) => receive(data));
  worker.addEventListener('error', ({ message }) => show('failed', `The worker failed: ${message}`));
  const settings = new FormData(form);
  chart.clear();
  show('running', 'Starting …');
  const request: Request = {
    type: 'train',
    text: text.value,
    backend: settings.get('backend') as BackendChoice,
    hiddenSize: Number(settings.get('hidden')),
    steps: Number(settings.get('steps')),
  };
  worker.postMessage(request);
});

stop.addEventListener('click', () => worker?.postMessage({ type: 'stop' } satisfies Request));
