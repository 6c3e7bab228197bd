import { runApp } from '@timestep/app-shared';
import { grammar } from './app.ts';

process.exitCode = await runApp(grammar, process.argv.slice(2));
