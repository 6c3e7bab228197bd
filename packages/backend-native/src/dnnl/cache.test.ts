import { describe, expect, test } from 'vitest';
import { loadLibrary } from '../libraries/load.ts';
import { missingLibrary } from '../test-support/libraries.ts';
import { PrimitiveCache } from './cache.ts';
import type { Dnnl } from './library.ts';

interface Sizes {
  readonly rows: number;
}

let alive: string[] = [];

class Wide {
  readonly name: string;

  constructor(dnnl: Dnnl, { rows }: Sizes) {
    this.name = `${dnnl.api.version} ${new.target.name} ${rows}`;
    alive.push(this.name);
  }

  dispose(): void {
    alive = alive.filter((name) => name !== this.name);
  }
}

class Narrow extends Wide {}

describe.skipIf(missingLibrary('onednn') !== null)('the primitives by kind and sizes', () => {
  test('are made once, and the least recently used given up', () => {
    alive = [];
    const cache = new PrimitiveCache(loadLibrary('onednn').dnnl!);
    const first = cache.get(Wide, { rows: 0 });
    expect(cache.get(Wide, { rows: 0 })).toBe(first);
    expect(cache.get(Narrow, { rows: 0 })).not.toBe(first);
    expect(alive).toHaveLength(2);
    for (let rows = 1; rows < 1000; rows++) {
      cache.get(Wide, { rows });
      expect(cache.get(Wide, { rows: 0 })).toBe(first);
    }
    expect(alive).toHaveLength(64);
    expect(alive).toContain(first.name);
    expect(alive.some((name) => name.includes('Narrow'))).toBe(false);
    cache.dispose();
    expect(alive).toEqual([]);
  });
});
