import { runApp } from '@timestep/app-shared';
import { handwriting } from './app.ts';

process.exitCode = await runApp(handwriting, process.argv.slice(2));
