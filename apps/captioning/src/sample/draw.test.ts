import { Generator } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { colors, describeThings, drawThings, isHeldOut, paintThings, pictureSize, places, shapes } from './draw.ts';

const sizes = { color: Object.keys(colors).length, shape: Object.keys(shapes).length, place: places.length };

describe('the held-out combinations', () => {
  it('hold every colour, shape and place out as often, and leave each pair of them in training', () => {
    const counts = {
      color: new Map<number, number>(),
      shape: new Map<number, number>(),
      place: new Map<number, number>(),
    };
    const trained = new Set<string>();
    let held = 0;
    for (let color = 0; color < sizes.color; color++) {
      for (let shape = 0; shape < sizes.shape; shape++) {
        for (let place = 0; place < sizes.place; place++) {
          const thing = { color, shape, place };
          if (!isHeldOut(thing)) {
            for (const pair of [`c${color}s${shape}`, `c${color}p${place}`, `s${shape}p${place}`]) trained.add(pair);
            continue;
          }
          held++;
          for (const key of ['color', 'shape', 'place'] as const)
            counts[key].set(thing[key], (counts[key].get(thing[key]) ?? 0) + 1);
        }
      }
    }
    expect(held).toBe((sizes.color * sizes.shape * sizes.place) / 5);
    for (const map of [counts.color, counts.place]) expect(new Set(map.values()).size).toBe(1);
    expect(trained.size).toBe(sizes.color * sizes.shape + sizes.color * sizes.place + sizes.shape * sizes.place);
  });

  it('come in the test pictures alone', () => {
    const random = new Generator(1);
    for (let i = 0; i < 300; i++) {
      expect(drawThings(random, true).every(isHeldOut)).toBe(true);
      expect(drawThings(random, false).some(isHeldOut)).toBe(false);
    }
  });
});

it('describes things in the order of reading', () => {
  const things = [
    { color: 0, shape: 0, place: 0 },
    { color: 2, shape: 1, place: 4 },
  ];
  expect(describeThings(things)).toBe('a red circle at the top left and a blue square in the middle');
  const random = new Generator(2);
  for (let i = 0; i < 100; i++) {
    const [one, other] = drawThings(random, i % 2 === 0);
    if (other) expect(one!.place).toBeLessThan(other.place);
  }
});

it('paints each shape in its colour where it belongs, on a dark ground', () => {
  const random = new Generator(3);
  for (let place = 0; place < sizes.place; place++) {
    const pixels = paintThings([{ color: 0, shape: 1, place }], random);
    const brightest = Array.from({ length: pictureSize ** 2 }, (_, i) => pixels[3 * i]! - pixels[3 * i + 2]!);
    const inside = brightest.flatMap((value, i) => (value > 100 ? [i] : []));
    expect(inside.length).toBeGreaterThan(30);
    const middle = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    expect(Math.abs(middle(inside.map((i) => i % 32)) - (4.8 + 10.67 * (place % 3)))).toBeLessThan(1.5);
    expect(
      Math.abs(middle(inside.map((i) => Math.floor(i / 32))) - (4.8 + 10.67 * Math.floor(place / 3))),
    ).toBeLessThan(1.5);
  }
});
