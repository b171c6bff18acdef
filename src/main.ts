// The process: the command line on the real terminal; the service is loaded only when a command needs it.
import { readFileSync } from "node:fs";
import process from "node:process";
import { runCli } from "./cli/cli.ts";
import { exitCode } from "./cli/io.ts";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // Handled once: a second signal ends the process immediately.
  process.once(signal, () => stopping.abort());
}

process.exitCode = await runCli(
  process.argv.slice(2),
  {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    isTerminal: process.stdout.isTTY,
    columns: process.stdout.columns,
    signal: stopping.signal,
  },
  {
    version: manifest.version,
    async serve(settings) {
      const { serve } = await import("./serve/serve.ts");
      await serve(settings, { stdout: process.stdout, signal: stopping.signal, version: manifest.version });
      return exitCode.ok;
    },
    async offline({ config }) {
      const { createOfflineTransport } = await import("./serve/offline.ts");
      const { loadCatalogue } = await import("./serve/load-catalogue.ts");
      return createOfflineTransport(await loadCatalogue(config), manifest.version);
    },
  },
);
