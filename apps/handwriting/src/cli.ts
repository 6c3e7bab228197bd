import { runProgram } from '@timestep/app-shared';
import { handwritingProgram } from './program.ts';

process.exitCode = await runProgram(handwritingProgram(), process.argv.slice(2));
