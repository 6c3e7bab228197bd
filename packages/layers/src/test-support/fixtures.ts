import { readFileSync } from 'node:fs';

/** A float64 array with its shape, as the fixture scripts write it. */
export interface FixtureTensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export type FixtureTensors = Readonly<Record<string, FixtureTensor>>;

interface EncodedTensor {
  readonly shape: readonly number[];
  readonly data: string;
}

/** What every case of the PyTorch fixtures holds beside its own options. */
export interface FixtureCase {
  readonly name: string;
  readonly inputs: FixtureTensors;
  readonly parameters: FixtureTensors;
  readonly outputs: FixtureTensors;
  readonly upstream: FixtureTensors;
  readonly inputGradients: FixtureTensors;
  readonly parameterGradients: FixtureTensors;
}

/** Reads a file of `src/fixtures`, with every encoded tensor decoded. */
export function readFixtures<Case extends FixtureCase>(file: string): Case[] {
  const text = readFileSync(new URL(`../fixtures/${file}`, import.meta.url), 'utf8');
  const { cases } = JSON.parse(text, (_, value: unknown) => (isEncoded(value) ? decode(value) : value)) as {
    cases: Case[];
  };
  return cases;
}

function isEncoded(value: unknown): value is EncodedTensor {
  return (
    typeof value === 'object' && value !== null && 'shape' in value && 'data' in value && typeof value.data === 'string'
  );
}

function decode({ shape, data }: EncodedTensor): FixtureTensor {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
  return { shape, data: new Float64Array(bytes.buffer) };
}
