// The NIC of a VM that names none: virt-api judges VMs with it, virt-controller starts them with it.
import { permitsBridgeOnPodNetwork, type KubevirtConfiguration } from "./configuration.ts";

/** The lists of a VMI spec that this is about, whatever else of it is typed. */
interface NicSpec {
  readonly networks?: readonly { readonly name: string }[];
  readonly domain: {
    readonly devices: {
      readonly interfaces?: readonly { readonly name: string }[];
      readonly autoattachPodInterface?: boolean;
    };
  };
}

/** KubeVirt's default (DefaultNetworkInterface in pkg/virt-config/virt-config.go). */
const defaultBinding = "bridge";

/**
 * The spec, with one NIC on the pod network when it has neither NICs nor networks and does not refuse one
 * (SetDefaultNetworkInterface in pkg/network/vmispec/defaults.go). `failure` says why the configuration allows none.
 */
export function withDefaultNetwork<S extends NicSpec>(
  spec: S,
  configuration: KubevirtConfiguration,
): { readonly spec: S } | { readonly failure: string } {
  const { devices } = spec.domain;
  const nics = (spec.networks?.length ?? 0) + (devices.interfaces?.length ?? 0);
  if (nics > 0 || devices.autoattachPodInterface === false) return { spec };
  const binding = configuration.network?.defaultNetworkInterface ?? defaultBinding;
  if (binding === "slirp") return { failure: "slirp interface is deprecated as of v1.3" };
  if (binding === "bridge" && !permitsBridgeOnPodNetwork(configuration)) {
    return { failure: "bridge interface is not enabled in kubevirt-config" };
  }
  const interfaces = [{ name: "default", [binding]: {} }];
  return {
    spec: {
      ...spec,
      networks: [{ name: "default", pod: {} }],
      domain: { ...spec.domain, devices: { ...devices, interfaces } },
    },
  };
}
