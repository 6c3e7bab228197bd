import { createInterface } from 'node:readline/promises';

/**
 * What `predict` answers: the arguments, or the lines of the standard input where there are none. On a terminal it asks
 * with a prompt.
 */
export async function* readInputs(
  given: readonly string[],
  input: NodeJS.ReadableStream & { readonly isTTY?: boolean } = process.stdin,
): AsyncGenerator<string> {
  if (given.length > 0) {
    yield* given;
    return;
  }
  const terminal = input.isTTY ?? false;
  const lines = createInterface({ input, ...(terminal ? { output: process.stderr } : {}) });
  if (terminal) {
    lines.setPrompt('> ');
    lines.prompt();
  }
  for await (const line of lines) {
    yield line;
    if (terminal) lines.prompt();
  }
}
