#!/usr/bin/env node
import { requireNode } from './command-line/node-version.ts';

// An older Node may not be able to load the rest, so that is loaded after the check, from the same file.
requireNode(process.versions.node);
const { runCommandLine } = await import(/* webpackMode: "eager" */ './cli.ts');
await runCommandLine(process.argv.slice(2));
