import { Generator } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { cmaES, openES, type EvolutionStrategy } from '../index.ts';
import { cholesky } from './cholesky.ts';

const sphere = (x: Float64Array): number => -x.reduce((sum, value) => sum + value * value, 0);
const rosenbrock = (x: Float64Array): number =>
  -x.slice(1).reduce((sum, value, i) => sum + 100 * (value - x[i]! ** 2) ** 2 + (1 - x[i]!) ** 2, 0);

/** Generations until the mean is this good. */
function generationsTo(
  search: EvolutionStrategy,
  fitness: (x: Float64Array) => number,
  goal: number,
  most: number,
): number {
  while (fitness(search.mean) < goal && search.generation < most) search.tell(search.ask().map(fitness));
  return search.generation;
}

/** A random rotation by Gram and Schmidt. */
function rotation(size: number, random: Generator): Float64Array[] {
  const rows: Float64Array[] = [];
  while (rows.length < size) {
    let row = Float64Array.from({ length: size }, () => random.normal());
    for (const other of rows) {
      const product = row.reduce((sum, value, i) => sum + value * other[i]!, 0);
      row = row.map((value, i) => value - product * other[i]!);
    }
    const length = Math.hypot(...row);
    rows.push(row.map((value) => value / length));
  }
  return rows;
}

describe('cmaES', () => {
  it('finds the minimum of Rosenbrock’s valley, from afar', () => {
    const search = cmaES(new Float64Array(8).fill(-1), { seed: 3 });
    const generations = generationsTo(search, rosenbrock, -1e-9, 2000);
    // Hansen and Ostermeier's runs take about 50·n² evaluations to get there.
    expect(generations * search.populationSize).toBeLessThan(9000);
    for (const value of search.mean) expect(value).toBeCloseTo(1, 3);
    expect(search.deviation).toBeLessThan(0.01);
  });

  it('does not mind that variables are mixed and a million times apart in scale', () => {
    const axes = rotation(6, new Generator(1));
    const ellipsoid = (x: Float64Array): number =>
      -axes.reduce(
        (sum, axis, k) =>
          sum + 10 ** ((6 * k) / 5) * axis.reduce((product, value, i) => product + value * x[i]!, 0) ** 2,
        0,
      );
    const mixed = cmaES(new Float64Array(6).fill(1), { seed: 5 });
    expect(generationsTo(mixed, ellipsoid, -1e-8, 1500)).toBeLessThan(700);
    // Without the covariance this takes a hundred times as long.
    const plain = openES(new Float64Array(6).fill(1), { seed: 5, populationSize: 8 });
    expect(generationsTo(plain, ellipsoid, -1e-8, 1500)).toBe(1500);
  });

  it('goes by the order of the fitness alone', () => {
    const [one, other] = [cmaES([1, 2, 3], { seed: 7 }), cmaES([1, 2, 3], { seed: 7 })];
    for (let generation = 0; generation < 30; generation++) {
      one.tell(one.ask().map(sphere));
      other.tell(other.ask().map((x) => Math.atan(sphere(x)) * 1e-3 - 5));
    }
    expect(other.mean).toEqual(one.mean);
  });

  it('keeps its deviation where the fitness is noise', () => {
    const random = new Generator(9);
    const search = cmaES(new Float64Array(10), { seed: 1, deviation: 1 });
    const sizes: number[] = [];
    for (let generation = 0; generation < 400; generation++) {
      search.tell(search.ask().map(() => random.normal()));
      sizes.push(Math.log(search.deviation));
    }
    // A random walk of ln σ without a drift: tens of standard errors away lies a wrong sign or constant.
    expect(Math.abs(sizes.at(-1)!)).toBeLessThan(4);
  });

  it('survives the fitness of constants and NaN', () => {
    const search = cmaES([1, 1], { seed: 2 });
    for (let generation = 0; generation < 50; generation++)
      search.tell(search.ask().map((x) => (x[0]! > 2 ? NaN : sphere(x))));
    expect(Math.hypot(...search.mean)).toBeLessThan(0.01);
    const flat = cmaES([1, 1], { seed: 2 });
    for (let generation = 0; generation < 50; generation++) flat.tell(flat.ask().map(() => 0));
    expect(flat.mean.every(Number.isFinite)).toBe(true);
  });
});

describe('openES', () => {
  it('climbs, in many dimensions', () => {
    const target = Float64Array.from({ length: 200 }, (_, i) => Math.sin(i));
    const fitness = (x: Float64Array): number => sphere(x.map((value, i) => value - target[i]!));
    const search = openES(new Float64Array(200), { seed: 4, populationSize: 40 });
    const before = fitness(search.mean);
    for (let generation = 0; generation < 150; generation++) search.tell(search.ask().map(fitness));
    expect(fitness(search.mean)).toBeGreaterThan(before / 20);
  });

  it('estimates a gradient: with ranks of a linear function it points along it', () => {
    const direction = [3, -2, 1, 0.5];
    const search = openES([0, 0, 0, 0], { seed: 6, populationSize: 2000, learningRate: 1 });
    const linear = (x: Float64Array): number => x.reduce((sum, value, i) => sum + value * direction[i]!, 0);
    const candidates = search.ask();
    // The same estimate by hand, from Salimans et al.'s equation with centred ranks.
    const fitness = candidates.map(linear);
    const ranked = fitness.toSorted((a, b) => a - b);
    const gradient = direction.map(
      (_, i) =>
        candidates.reduce((sum, x, n) => sum + (ranked.indexOf(fitness[n]!) / 1999 - 0.5) * (x[i]! / 0.1), 0) /
        (2000 * 0.1),
    );
    const cosine =
      gradient.reduce((sum, value, i) => sum + value * direction[i]!, 0) /
      (Math.hypot(...gradient) * Math.hypot(...direction));
    expect(cosine).toBeGreaterThan(0.99);
    search.tell(fitness);
    // Adam's first step is learningRate·sign(gradient).
    gradient.forEach((value, i) => expect(search.mean[i]).toBeCloseTo(Math.sign(value), 4));
  });

  it('mirrors its candidates around the mean', () => {
    const candidates = openES([1, 2], { seed: 1, populationSize: 6 }).ask();
    for (const pair of [0, 2, 4])
      for (const i of [0, 1]) expect((candidates[pair]![i]! + candidates[pair + 1]![i]!) / 2).toBeCloseTo(i + 1, 12);
  });
});

describe.each([
  ['cmaES', (seed: number) => cmaES([3, -2, 1], { seed })],
  ['openES', (seed: number) => openES([3, -2, 1], { seed, populationSize: 10 })],
])('%s', (_name, make) => {
  it('goes on from its state, number for number', () => {
    const whole = make(1);
    const first = make(1);
    for (let generation = 0; generation < 20; generation++) whole.tell(whole.ask().map(sphere));
    for (let generation = 0; generation < 8; generation++) first.tell(first.ask().map(sphere));
    const second = make(99);
    second.restore(JSON.parse(JSON.stringify(first.state())) as never);
    for (let generation = 8; generation < 20; generation++) second.tell(second.ask().map(sphere));
    expect(second.mean).toEqual(whole.mean);
    expect(second.generation).toBe(20);
    expect(() => second.restore({ mean: [1] })).toThrow(/search over 3 numbers/);
  });

  it('asks the same again until it is told', () => {
    const search = make(2);
    expect(search.ask()).toEqual(search.ask());
    expect(() => search.tell([1, 2])).toThrow(/candidates, got 2/);
    search.tell(search.ask().map(sphere));
    expect(() => search.tell(new Float64Array(search.populationSize))).toThrow(/call ask/);
  });
});

it('refuses bad settings', () => {
  expect(() => cmaES([], { seed: 1 })).toThrow(/start/);
  expect(() => cmaES([NaN], { seed: 1 })).toThrow(/finite/);
  expect(() => cmaES([1], { seed: 1, deviation: 0 })).toThrow(/deviation to be a finite number > 0/);
  expect(() => cmaES([1], { seed: 1, populationSize: 3 })).toThrow(/populationSize/);
  expect(() => openES([1], { seed: 1, populationSize: 7 })).toThrow(/even/);
});

it('cholesky gives a factor of its matrix, and null where there is none', () => {
  const random = new Generator(3);
  const root = Float64Array.from({ length: 25 }, () => random.normal());
  const product = (a: Float64Array): Float64Array =>
    Float64Array.from({ length: 25 }, (_, i) =>
      [0, 1, 2, 3, 4].reduce((sum, k) => sum + a[Math.floor(i / 5) * 5 + k]! * a[(i % 5) * 5 + k]!, 0),
    );
  const matrix = product(root);
  product(cholesky(matrix, 5)!).forEach((value, i) => expect(value).toBeCloseTo(matrix[i]!, 10));
  expect(cholesky(Float64Array.of(1, 2, 2, 1), 2)).toBeNull();
});
