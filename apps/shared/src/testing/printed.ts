import { afterEach, beforeEach, vi } from 'vitest';

/**
 * Collects what each test of a file prints, instead of printing it.
 *
 * @returns an object whose `text` is what the current test has printed so far, to both streams; a test may clear it
 */
export function collectPrinted(): { text: string } {
  const printed = { text: '' };
  const print = (text: unknown): boolean => {
    printed.text += String(text);
    return true;
  };
  beforeEach(() => {
    printed.text = '';
    vi.spyOn(console, 'log').mockImplementation((text) => void print(`${String(text)}\n`));
    vi.spyOn(console, 'error').mockImplementation((text) => void print(`${String(text)}\n`));
    vi.spyOn(process.stdout, 'write').mockImplementation(print);
    vi.spyOn(process.stderr, 'write').mockImplementation(print);
  });
  afterEach(() => void vi.restoreAllMocks());
  return printed;
}
