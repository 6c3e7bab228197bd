import { expect, test } from 'vitest';
import { formatWebGpuRow } from './profile.ts';

test('the table is of one step', () => {
  const counters = {
    dispatches: 20,
    submits: 2,
    splitSubmits: 0,
    bytesWritten: 4096,
    bytesRead: 8,
    mapAsyncCalls: 2,
    buffersCreated: 0,
    pipelinesCreated: 0,
    bindGroupsCreated: 0,
  };
  const kernels = [
    { kernel: 'lstm.forward', dispatches: 10, milliseconds: 5 },
    { kernel: 'adamStep', dispatches: 10, milliseconds: null },
  ];
  const text = formatWebGpuRow({
    name: 'small',
    device: 'card',
    software: false,
    steps: 2,
    milliseconds: 3.5,
    profile: { counters, kernels },
  });
  expect(text).toContain('small: 3.50 ms a training step on card');
  expect(text).toMatch(/lstm\.forward +5 +2\.500/);
  expect(text).toMatch(/adamStep +5 +–/);
  expect(text).toContain('dispatches 10 · submits 1 ·');
});
