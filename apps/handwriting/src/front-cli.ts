import { runProgram } from '@timestep/app-shared';
import { handwritingFront } from './front.ts';

process.exitCode = await runProgram(handwritingFront(), process.argv.slice(2));
