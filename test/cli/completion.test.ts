import { execFileSync } from "node:child_process";
import { describe, it } from "vitest";
import { run } from "./run-cli.ts";

/** What bash offers for the last of `words`. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const { stdout: script } = await run("completion bash");
  const ask = `
    COMP_WORDS=(multinic "$@"); COMP_CWORD=$#
    _multinic; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync("bash", ["-c", `${script}\n${ask}`, "bash", ...words], { encoding: "utf8" });
  return out.split("\n").filter(Boolean);
}

describe("completion in bash", () => {
  it("offers the commands, the flags of a command and the values of a flag", async ({ expect }) => {
    expect(await offered("")).toEqual([
      "validate",
      "render",
      "routes",
      "plan",
      "apply",
      "get",
      "watch",
      "delete",
      "serve",
      "completion",
    ]);
    expect(await offered("va")).toEqual(["validate"]);
    expect(await offered("apply", "--p")).toEqual(["--plan-fingerprint"]);
    expect(await offered("get", "-o", "")).toEqual(["table", "json", "yaml"]);
    expect(await offered("get", "web", "--output", "j")).toEqual(["json"]);
    expect(await offered("completion", "f")).toEqual(["fish"]);
  });
});

describe("completion in zsh and fish", () => {
  it("names every command and every flag", async ({ expect }) => {
    const zsh = (await run("completion zsh")).stdout;
    const fish = (await run("completion fish")).stdout;
    expect(zsh).toMatch(/^#compdef multinic\n/);
    for (const word of ["validate", "serve", "plan-fingerprint", "local-delays", "all-namespaces"]) {
      expect(zsh).toContain(word);
      expect(fish).toContain(word);
    }
    expect(zsh).toContain(`'(-o --output)'{-o,--output}'[output format]:value:(table json yaml)'`);
    expect(fish).toContain(
      "complete -c multinic -n '__fish_seen_subcommand_from get' -s o -l output -r -f -a 'table json yaml' -d 'output format'",
    );
  });

  it("quotes what the shells would interpret", async ({ expect }) => {
    for (const shell of ["bash", "zsh"]) {
      const { stdout } = await run(`completion ${shell}`);
      execFileSync("bash", ["-n"], { input: shell === "bash" ? stdout : stdout.replace("$words[1]", "x") });
    }
    expect((await run("completion zsh")).stdout).toContain("pod'\\''s service account");
  });
});
