import { runApp } from '@timestep/app-shared';
import { sentiment } from './app.ts';

process.exitCode = await runApp(sentiment, process.argv.slice(2));
