import { runProgram } from '@timestep/app-shared';
import { speechFront } from './front.ts';

process.exitCode = await runProgram(speechFront(), process.argv.slice(2));
