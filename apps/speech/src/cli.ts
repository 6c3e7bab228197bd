import { runProgram } from '@timestep/app-shared';
import { speechProgram } from './program.ts';

process.exitCode = await runProgram(speechProgram(), process.argv.slice(2));
