import { runApp } from '@timestep/app-shared';
import { speech } from './app.ts';

process.exitCode = await runApp(speech, process.argv.slice(2));
