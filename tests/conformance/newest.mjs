// Runs a batch of scenarios (see interpreter.py) under the CPython that the npm package pyodide
// carries, compiled to WebAssembly: `node newest.mjs PYODIDE_DIRECTORY < batch > traces`.
// No browser or node event loop is involved: the oracle brings its own loop in virtual time.

import { readFileSync, readdirSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const directory = resolve(process.argv[2]);
const { loadPyodide } = await import(pathToFileURL(join(directory, "pyodide.mjs")));
const python = await loadPyodide({ indexURL: directory + "/" });

python.FS.mkdir("/oracle");
for (const file of readdirSync(here).filter((name) => name.endsWith(".py"))) {
  python.FS.writeFile("/oracle/" + file, readFileSync(join(here, file)));
}

function write(text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

let source = "";
process.stdin.setEncoding("utf8");
for await (const chunk of process.stdin) source += chunk;
python.globals.set("source", source);
python.globals.set("write", write);
python.runPython(`
import asyncio, sys
sys.path.insert(0, "/oracle")
asyncio._set_running_loop(None)    # pyodide's own loop counts as running, but takes no part
import interpreter
interpreter.quiet()
interpreter.run_batch(source.splitlines(keepends=True), write)
`);
process.exit(0);
