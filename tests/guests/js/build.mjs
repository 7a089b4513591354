// Makes a component of plugin.js: node build.mjs WIT_FOLDER OUTPUT. Run by the tests with componentize-js at hand.

import { readFile, writeFile } from 'node:fs/promises';
import { componentize } from '@bytecodealliance/componentize-js';

const [wit, output] = process.argv.slice(2);
const source = new URL('plugin.js', import.meta.url);
const { component } = await componentize(await readFile(source, 'utf8'), {
  witPath: wit,
  worldName: 'node-with-capabilities',
  // The runtime's own clocks, chance and sockets are left out: what a plugin may use is in the contract.
  disableFeatures: ['clocks', 'random', 'http', 'fetch-event'],
});
await writeFile(output, component);
