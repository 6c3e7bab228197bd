import { Generator } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint } from '../index.ts';
import { checksumOf } from './checksum.ts';

const contents = {
  state: { step: 3, text: 'a "checksum":"12345678" of its own, ünïcode', list: [1.5, null, -(2 ** -1074)] },
  tensors: new Map([
    ['model.weight', { shape: [2, 3], data: Float32Array.of(1, -2, 3e-42, 4, NaN, -Infinity) }],
    ['model.table', { shape: [2], data: Int32Array.of(-1, 7) }],
    ['mask', { shape: [1], data: Uint32Array.of(2 ** 32 - 1) }],
    ['double', { shape: [], data: Float64Array.of(Math.PI) }],
    ['nothing', { shape: [0, 4], data: new Float32Array(0) }],
  ]),
};

const bytes = Uint8Array.from(encodeCheckpoint(contents).flatMap((piece) => [...piece]));

describe('a checkpoint', () => {
  it('comes back as it was', () => {
    const { state, tensors } = decodeCheckpoint(bytes, 'one');
    expect(state).toEqual(contents.state);
    expect(new Map([...tensors].sort())).toEqual(new Map([...contents.tensors].sort()));
  });

  it('is known to be damaged wherever it is cut off', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeCheckpoint(bytes.subarray(0, length), 'one'), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'CHECKPOINT_DAMAGED' }) as Error,
      );
    }
  });

  it('is known to be damaged whichever byte is changed', () => {
    const random = new Generator(1);
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 1 + random.integer(255);
      expect(() => decodeCheckpoint(changed, 'one'), `byte ${at}`).toThrow(
        expect.objectContaining({
          code: 'CHECKPOINT_DAMAGED',
          message: expect.stringContaining('one is damaged') as string,
        }) as Error,
      );
    }
  });

  it('has the checksum that everyone has', () => {
    expect(checksumOf([new TextEncoder().encode('12345'), new TextEncoder().encode('6789')])).toBe('cbf43926');
  });
});
