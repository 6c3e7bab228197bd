import { runApp } from '@timestep/app-shared';
import { languageModel } from './app.ts';

process.exitCode = await runApp(languageModel, process.argv.slice(2));
