import { readFileSync } from 'node:fs';

/** The bytes of a file of `src/fixtures`. */
export function fixture(file: string): Uint8Array {
  return Uint8Array.from(readFileSync(new URL(`../fixtures/${file}`, import.meta.url)));
}

/** A JSON file of `src/fixtures`. */
export function jsonFixture<Contents>(file: string): Contents {
  return JSON.parse(new TextDecoder().decode(fixture(file))) as Contents;
}
