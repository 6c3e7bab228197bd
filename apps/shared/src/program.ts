import { TimestepError } from '@timestep/core';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { backendNames } from './backend.ts';

/**
 * A program whose mistakes end in one line on the error stream: unknown flags, commands and stray arguments included.
 */
export function createProgram(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .showHelpAfterError(`(${name} --help lists commands and flags)`)
    .allowExcessArguments(false)
    .exitOverride();
}

/** `--backend NAME`, one of the backends this workspace has. */
export function backendOption(): Option {
  return new Option('--backend <name>', 'what computes').choices(backendNames).default('auto');
}

/** Reads a flag that is a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/u.test(text) || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
    return value;
  };
}

/**
 * Runs a program and gives its exit status: 0, 1 for a mistake or a failure, 130 after Ctrl+C. A known error shows its
 * message, any other one its stack, so that it can be reported.
 *
 * @param argv without node and the script
 */
export async function runProgram(program: Command, argv: readonly string[]): Promise<number> {
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (error instanceof Error && error.name === 'AbortError') return 130;
    console.error(error instanceof TimestepError || hasCode(error) ? `error: ${(error as Error).message}` : error);
    return 1;
  }
}

/** Errors of Timestep, of other copies of it, and of the file system say all there is to say in their message. */
function hasCode(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
