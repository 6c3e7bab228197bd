import { expect, it } from 'vitest';
import { zeros } from '../create.ts';
import { openScope } from '../scope.ts';
import { createReferenceBackend } from '../test-support/reference.ts';
import { openStream } from './stream.ts';
import type { StreamPart } from './stream-part.ts';

const backend = createReferenceBackend();

function rnn(inputSize: number, hiddenSize: number): StreamPart {
  return {
    kind: 'rnn',
    weightIh: zeros(backend, [hiddenSize, inputSize]),
    weightHh: zeros(backend, [hiddenSize, hiddenSize]),
  };
}

// The steps themselves are tested in layers, on a backend whose memory is the host's.
it('says what is wrong before it opens anything', () => {
  using _scope = openScope(backend);
  const before = backend.memory().buffers;
  expect(() => openStream(backend, [])).toThrow(/expected a layer at least/);
  const parts = [rnn(3, 4), rnn(5, 2)];
  const made = backend.memory().buffers;
  expect(() => openStream(backend, parts)).toThrow(/\[rnnSequence\] expected x of shape \[T, N, 5\], got \[1, 1, 4\]/);
  expect(() => openStream(backend, [parts[0]!])).toThrow(
    /memory of backend 'reference' cannot be read without a promise/,
  );
  expect(() => openStream(backend, [parts[0]!], { fused: 'require' })).toThrow(/backend 'reference' has no stream/);
  expect(backend.memory().buffers).toBe(made);
  expect(before).toBeLessThan(made);
});
