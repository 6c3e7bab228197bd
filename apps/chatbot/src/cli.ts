import { runApp } from '@timestep/app-shared';
import { chatbot } from './app.ts';

process.exitCode = await runApp(chatbot, process.argv.slice(2));
