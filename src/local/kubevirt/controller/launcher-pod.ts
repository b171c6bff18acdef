// The virt-launcher pod of a VMI, with the fields that Kubernetes and Multus read (KubeVirt: services/template.go).
import { createHash } from "node:crypto";
import { one, quantityValue } from "../../../domain/objects/quantity.ts";
import { annotations, labels, virtLauncher, type Pod } from "../resources.ts";
import type { ControllerRules } from "./configuration.ts";
import { defaultNetworkAnnotation, networksAnnotation } from "./network-annotation.ts";
import { ownedBy } from "./new-vmi.ts";
import { nicLists } from "../nics.ts";
import type { Vmi } from "./objects.ts";

/** Devices of the node that every virt-launcher needs. */
const devices = {
  "devices.kubevirt.io/kvm": "1",
  "devices.kubevirt.io/tun": "1",
  "devices.kubevirt.io/vhost-net": "1",
};

interface LauncherOptions {
  readonly rules: ControllerRules;
  /** Device requests of the VMI's NADs by resource name; empty with an external injector. */
  readonly networkResources: ReadonlyMap<string, number>;
}

/**
 * The pod to create. Its name comes from the VMI's uid, so that a second attempt finds the pod of the first.
 * @throws UnknownBindingError
 */
export function launcherPod(vmi: Vmi, { rules, networkResources }: LauncherOptions): Pod {
  const networks = networksAnnotation(vmi, rules.bindingPlugins);
  const defaultNad = defaultNetworkAnnotation(vmi);
  const hostname = hostnameOf(vmi);
  const asked = Object.fromEntries([...networkResources].map(([name, count]) => [name, String(count)]));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: launcherName(vmi, vmi.metadata.uid ?? ""),
      ...(vmi.metadata.namespace === undefined ? {} : { namespace: vmi.metadata.namespace }),
      labels: {
        ...vmi.metadata.labels,
        [labels.app]: virtLauncher,
        [labels.createdBy]: vmi.metadata.uid ?? "",
        [labels.vmName]: hostname,
        [labels.vmiId]: vmi.metadata.name.slice(0, 63),
      },
      annotations: {
        [annotations.domain]: vmi.metadata.name,
        "kubectl.kubernetes.io/default-container": "compute",
        "kubevirt.io/migrationTransportUnix": "true",
        ...(networks === undefined ? {} : { [annotations.networks]: networks }),
        ...(defaultNad === undefined ? {} : { [annotations.defaultNetwork]: defaultNad }),
      },
      ownerReferences: [ownedBy(vmi)],
    },
    spec: {
      hostname,
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: (vmi.spec.terminationGracePeriodSeconds ?? 30) + 30,
      nodeSelector: { "kubevirt.io/schedulable": "true", ...vmi.spec.nodeSelector },
      containers: [
        {
          name: "compute",
          image: "quay.io/kubevirt/virt-launcher:v1.9.0",
          resources: {
            requests: {
              cpu: vmi.spec.domain.resources?.requests?.["cpu"] ?? "100m",
              memory: memoryRequest(vmi),
              "ephemeral-storage": "50M",
              ...devices,
              ...asked,
            },
            limits: { ...vmi.spec.domain.resources?.limits, ...devices, ...asked },
          },
        },
      ],
    },
  };
}

/** `virt-launcher-NAME-xxxxx`, where the last part is a hash of `seed` (a uid). */
export function launcherName(vmi: Vmi, seed: string): string {
  const suffix = createHash("sha256").update(seed).digest("hex").slice(0, 5);
  return `virt-launcher-${vmi.metadata.name.slice(0, 200)}-${suffix}`;
}

function hostnameOf(vmi: Vmi): string {
  const [first = ""] = (vmi.spec.hostname ?? vmi.metadata.name).split(".");
  return first.slice(0, 63).replace(/-+$/, "");
}

/**
 * Guest memory and KubeVirt's overhead: 260 MiB for its processes, the display and I/O, 8 MiB for each CPU, and 1 GiB for
 * passthrough of a host device (hypervisor/kvm).
 */
function memoryRequest(vmi: Vmi): string {
  const guest = vmi.spec.domain.memory?.guest ?? vmi.spec.domain.resources?.requests?.["memory"] ?? "0";
  const { sockets = 1, cores = 1, threads = 1 } = vmi.spec.domain.cpu ?? {};
  const passthrough = nicLists(vmi.spec).interfaces.some(({ sriov }) => sriov !== undefined);
  const overheadMi = 260 + 8 * sockets * cores * threads + (passthrough ? 1024 : 0);
  const mebi = 1024n ** 2n;
  const bytes = (quantityValue(guest) + one - 1n) / one + BigInt(overheadMi) * mebi;
  return bytes % mebi === 0n ? `${bytes / mebi}Mi` : String(bytes);
}
