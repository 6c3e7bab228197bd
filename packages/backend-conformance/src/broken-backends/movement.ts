import type { BrokenBackend } from './broken-backend.ts';

/** Faults of the operations that move data. */
export const brokenMovement: readonly BrokenBackend[] = [
  {
    fault: 'copy ignores the offset',
    caughtBy: 'copy: slice with a step',
    breakIt: ({ copy }) => ({ copy: (input, out, shape) => copy({ ...input, offset: 0 }, out, shape) }),
  },
  {
    fault: 'copy clears the rest of its output',
    caughtBy: 'copy: elements that no index meets keep what a fill put there',
    breakIt: ({ copy }, heap) => ({
      copy(input, out, shape) {
        heap.values('broken', out.buffer).fill(0);
        copy(input, out, shape);
      },
    }),
  },
  {
    fault: 'cast rounds instead of truncating',
    caughtBy: 'cast: f32 to i32',
    breakIt: ({ cast }, heap) => ({
      cast(input, out) {
        if (input.dtype === 'f32' && out.dtype === 'i32')
          heap.integers('broken', out).set(heap.floats('broken', input).map(Math.round));
        else cast(input, out);
      },
    }),
  },
  {
    fault: 'gatherAxis takes the index of the first column for all',
    caughtBy: 'gatherAxis: along the middle axis, every dtype',
    breakIt: ({ gatherAxis }, heap) => ({
      gatherAxis(input, index, out, spec) {
        const places = heap.integers('broken', index);
        const kept = places.slice();
        places.forEach((_, n) => (places[n] = kept[n - (n % Math.max(1, spec.inner))]!));
        gatherAxis(input, index, out, spec);
        places.set(kept);
      },
    }),
  },
  {
    fault: 'scatterAddRows overwrites',
    caughtBy: 'scatterAddRows: adds to what is there, repeated rows add up',
    breakIt: (_, heap) => ({
      scatterAddRows(values, index, out, columns) {
        const [source, target] = [heap.floats('broken', values), heap.floats('broken', out)];
        heap.integers('broken', index).forEach((row, n) => {
          target.set(source.subarray(n * columns, (n + 1) * columns), row * columns);
        });
      },
    }),
  },
  {
    fault: 'scatterAddRows adds in an order that varies',
    caughtBy: 'scatterAdd: many collisions give the right sum and the same bits in every run',
    breakIt: ({ scatterAddRows }, heap) => {
      let run = 0;
      return {
        scatterAddRows(values, index, out, columns) {
          run += 1;
          const [rows, source] = [heap.integers('broken', index), heap.floats('broken', values)];
          const [keptRows, keptSource] = [rows.slice(), source.slice()];
          // Each run starts somewhere else, as threads that race do.
          keptRows.forEach((row, n) => {
            const to = (n + 7 * run) % keptRows.length;
            rows[to] = row;
            source.set(keptSource.subarray(n * columns, (n + 1) * columns), to * columns);
          });
          scatterAddRows(values, index, out, columns);
          rows.set(keptRows);
          source.set(keptSource);
        },
      };
    },
  },
];
