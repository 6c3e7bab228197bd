import { runApp } from '@timestep/app-shared';
import { translation } from './app.ts';

process.exitCode = await runApp(translation, process.argv.slice(2));
