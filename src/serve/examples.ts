// Applies the four examples to the embedded cluster, each in its own namespace, and waits until every NIC is Up.
import { readdir, readFile } from "node:fs/promises";
import { applyVm } from "../app/apply/apply-vm.ts";
import { Refused } from "../app/errors.ts";
import type { StatusModel } from "../app/status-model.ts";
import { everything } from "../app/status-scope.ts";
import type { ClusterView } from "../app/cluster-view.ts";
import { settingName } from "../config/setting-table.ts";
import { SettingsError } from "../config/settings.ts";
import type { Catalogue } from "../domain/catalogue.ts";
import { readDocument } from "../domain/document/read-document.ts";
import type { VmSpec } from "../domain/spec.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { namespaces } from "../kube/resource.ts";

export interface ExamplesOptions {
  readonly client: KubeClient;
  readonly view: ClusterView;
  readonly model: StatusModel;
  readonly catalogue: Catalogue;
  /** Prints one line of progress. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const folder = new URL("../../examples/", import.meta.url);

/** `3.2-three-networks.yaml` → `example-3-2`: three of the documents have the same VM name. */
export function exampleNamespace(file: string): string {
  return `example-${(/^[\d.]+/.exec(file)?.[0] ?? file).replaceAll(".", "-").replace(/-$/, "")}`;
}

/** Resolves when every NIC is Up, with the number of VMs and NICs. */
export async function runExamples(
  options: ExamplesOptions,
): Promise<{ readonly vms: number; readonly nics: number }> {
  const { client, view, model, catalogue, say, signal } = options;
  const files = (await readdir(folder)).filter((file) => file.endsWith(".yaml")).toSorted();
  const specs: VmSpec[] = [];
  for (const file of files) {
    const namespace = exampleNamespace(file);
    const { spec, findings } = readDocument(await readFile(new URL(file, folder), "utf8"), { namespace });
    if (spec === undefined) throw new Error(`${file}: ${findings[0]?.message ?? "not readable"}`);
    await client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await applyVm({ client, view, catalogue }, { spec, validateOnly: false, signal }).catch(
      (error: unknown) => {
        throw error instanceof Refused ? notForThisCatalogue(file, error) : error;
      },
    );
    say(`applied  ${namespace}/${spec.name}  from examples/${file}`);
    specs.push(spec);
  }
  await allUp(model, specs, say, signal);
  return { vms: specs.length, nics: specs.reduce((sum, { networks }) => sum + networks.length, 0) };
}

/** The examples are valid with the built-in catalogue; an operator's catalogue may lack networks that they need. */
function notForThisCatalogue(file: string, { findings }: Refused): SettingsError {
  const [found] = findings.filter(({ severity }) => severity === "error");
  const why = found === undefined ? "it is refused" : `${found.field}: ${found.message}`;
  return new SettingsError(
    `${settingName("examples")}: examples/${file} cannot be applied with these physical networks: ${why}`,
  );
}

async function allUp(
  model: StatusModel,
  specs: readonly VmSpec[],
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const missing = new Set(
    specs.flatMap(({ namespace, name, networks }) =>
      networks.map((nic) => `${namespace}/${name}/${nic.name}`),
    ),
  );
  const done = Promise.withResolvers<void>();
  const onAbort = (): void => done.reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort);
  const look = (): void => {
    for (const status of model.list(everything)) {
      const id = `${status.namespace}/${status.vm}/${status.nic}`;
      if (status.state !== "Up" || !missing.delete(id)) continue;
      say(`Up       ${id}  ${status.addresses.map(({ address }) => address).join(" ")}`);
    }
    if (missing.size === 0) done.resolve();
  };
  const unsubscribe = model.subscribe(look);
  look();
  try {
    await done.promise;
  } finally {
    unsubscribe();
    signal.removeEventListener("abort", onAbort);
  }
}
