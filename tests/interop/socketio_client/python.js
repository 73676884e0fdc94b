// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const { spawn } = require('child_process');
const path = require('path');
const { start } = require('../harness.js');

process.exitCode = 1;

(async () => {
  const server = await start(process.argv[2], ['--app', 'full', '--ping-timeout-ms', '5000',
    '--connect-timeout-ms', '20000']);
  const python = process.env.PYTHON || 'python3';
  const script = path.join(__dirname, 'python_client.py');
  const child = spawn(python, [script, server.url], { stdio: 'inherit' });
  const status = await new Promise((resolve) => child.on('exit', resolve));
  const ended = await server.stop();
  if (ended !== 0) console.log('the server ended with ' + ended);
  process.exit(status === 0 && ended === 0 ? 0 : 1);
})();
