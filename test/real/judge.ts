// KubeVirt's own verdict on VirtualMachines, by its webhooks' code and CRD schema, without a cluster.
import { startLineProcess } from "./line-process.ts";
import { kubeVirtProgram } from "./program-path.ts";

/** What a client of the API server would learn. Absent fields are empty. */
export interface Verdict {
  readonly allowed: boolean;
  /** Who refused. */
  readonly stage?: "mutating-webhook" | "crd-schema" | "validating-webhook";
  /** HTTP status of the refusal. */
  readonly code?: number;
  readonly message?: string;
  readonly causes?: readonly {
    readonly field?: string;
    readonly reason?: string;
    readonly message: string;
  }[];
  readonly warnings?: readonly string[];
  /** Paths of fields that the CRD does not know. */
  readonly pruned?: readonly string[];
}

/** One open judge; questions may overlap. */
export interface Judge {
  /** The verdict on creating `vm`, or with `old` on updating it; `configuration` overrides the judge's for this one question. */
  admit(vm: object, how?: { readonly old?: object; readonly configuration?: object }): Promise<Verdict>;
  stop(): Promise<void>;
}

/**
 * Starts KubeVirt's judge, which needs about four seconds; a verdict takes one millisecond then.
 * @param configuration spec.configuration of the KubeVirt object; default as after a plain installation.
 * @throws Error when MULTINIC_KUBEVIRT does not name the program.
 */
export function startJudge(configuration: object = {}): Judge {
  const process = startLineProcess(kubeVirtProgram(), ["admit", "-lines"]);
  return {
    async admit(vm, how = {}) {
      const {
        name: _name,
        namespace: _namespace,
        ...verdict
      } = (await process.ask({
        kind: "Review",
        object: vm,
        ...(how.old && { oldObject: how.old }),
        configuration: how.configuration ?? configuration,
      })) as Verdict & { name: string; namespace?: string };
      return verdict;
    },
    stop: () => process.stop(),
  };
}
