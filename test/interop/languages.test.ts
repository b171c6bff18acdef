// The code that protoc's plugins generate from the protos compiles in the languages that callers are written in.
// TypeScript is gen/, which `npm run check` generates and compiles.
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { generatePython, itWithLanguage, languages, pins, protoRoot, python } from "./languages.ts";
import { buf } from "./programs.ts";

const timeout = 120_000;

const exec = promisify(execFile);

let generated: string;
beforeAll(async () => {
  generated = await mkdtemp(join(tmpdir(), "multinic-languages-"));
});
afterAll(() => rm(generated, { recursive: true }));

/** An empty folder for one language. */
const newFolder = (): Promise<string> => mkdtemp(join(generated, "out-"));

function itCompiles(language: string, pinFiles: readonly string[], test: () => Promise<void>): void {
  itWithLanguage(language, pinFiles, `compiles as ${language}`, { timeout }, test);
}

async function filesIn(folder: string, ending: string): Promise<readonly string[]> {
  const files = await readdir(folder, { recursive: true });
  return files.filter((file) => file.endsWith(ending)).toSorted();
}

async function bufGenerate(...plugins: readonly object[]): Promise<void> {
  await exec(buf, ["generate", protoRoot, "--template", JSON.stringify({ version: "v2", plugins })]);
}

describe("the generated code", () => {
  itCompiles("python", ["requirements.txt"], async () => {
    const folder = await newFolder();
    await generatePython(folder);

    const modules = (await filesIn(folder, ".py")).map((file) => file.slice(0, -3).replaceAll("/", "."));
    expect(modules).toContain("multinic.v1.virtual_machine_service_pb2_grpc");
    const program = modules.map((module) => `import ${module}`).join("\n");
    await exec(python, ["-W", "error", "-c", program], { env: { ...process.env, PYTHONPATH: folder } });
  });

  itCompiles("java", ["pom.xml"], async () => {
    const folder = await newFolder();
    await bufGenerate({
      protoc_builtin: "java",
      protoc_path: join(languages, "java/protoc.exe"),
      out: folder,
      include_imports: true,
    });

    const sources = await filesIn(folder, ".java");
    expect(sources).toContain("dev/novasphere/multinic/v1/VirtualMachine.java");
    await writeFile(join(folder, "sources"), sources.join("\n"));
    const jar = join(languages, "java/protobuf-java.jar");
    // A short run gains nothing from the optimizing compiler, which more than doubles its CPU time.
    const startup = ["-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC"];
    const options = ["-Xlint:all", "-Werror", "-proc:none", "-d", "classes", "-cp", jar];
    await exec("javac", [...startup, ...options, "@sources"], { cwd: folder });
  });

  itCompiles("go", ["go.mod", "go.sum"], async () => {
    const folder = await newFolder();
    const opt = "module=github.com/novasphere/multinic/gen/go";
    const plugins = ["protoc-gen-go", "protoc-gen-go-grpc"].map((name) => join(languages, "go", name));
    await bufGenerate(...plugins.map((local) => ({ local, out: folder, opt })));

    expect(await filesIn(folder, ".go")).toContain("multinic/v1/virtual_machine_service_grpc.pb.go");
    for (const file of ["go.mod", "go.sum"]) await copyFile(join(pins, file), join(folder, file));
    const env = { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOPROXY: "off" };
    const { stdout } = await exec("go", ["list", "-f", "{{.ImportPath}} {{.Name}}", "./..."], {
      cwd: folder,
      env,
    });
    expect(stdout).toBe("github.com/novasphere/multinic/gen/go/multinic/v1 multinicv1\n");
    await exec("go", ["build", "./..."], { cwd: folder, env });
  });
});
