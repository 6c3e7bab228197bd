import { runApp } from '@timestep/app-shared';
import { captioning } from './app.ts';

process.exitCode = await runApp(captioning, process.argv.slice(2));
