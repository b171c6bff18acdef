// The NIC of a VM without NICs: virt-api validates VMs with it, and virt-controller starts them with it.
import { permitsBridgeOnPodNetwork, type KubevirtConfiguration } from "./configuration.ts";

interface NicSpec {
  readonly networks?: readonly { readonly name: string }[];
  readonly domain: {
    readonly devices: {
      readonly interfaces?: readonly { readonly name: string }[];
      readonly autoattachPodInterface?: boolean;
    };
  };
}

/**
 * The spec, with one NIC on the pod network if it has no NICs and no networks and autoattachPodInterface is not false
 * (SetDefaultNetworkInterface in pkg/network/vmispec/defaults.go). `failure` says why the configuration allows none.
 */
export function withDefaultNetwork<S extends NicSpec>(
  spec: S,
  configuration: KubevirtConfiguration,
): { readonly spec: S } | { readonly failure: string } {
  const { devices } = spec.domain;
  const nics = (spec.networks?.length ?? 0) + (devices.interfaces?.length ?? 0);
  if (nics > 0 || devices.autoattachPodInterface === false) return { spec };
  // The default is DefaultNetworkInterface in pkg/virt-config/virt-config.go.
  const binding = configuration.network?.defaultNetworkInterface ?? "bridge";
  if (binding === "slirp") return { failure: "slirp interface is deprecated as of v1.3" };
  if (binding === "bridge" && !permitsBridgeOnPodNetwork(configuration)) {
    return { failure: "bridge interface is not enabled in kubevirt-config" };
  }
  const interfaces = [{ name: "default", [binding]: {} }];
  const domain = { ...spec.domain, devices: { ...devices, interfaces } };
  return { spec: { ...spec, networks: [{ name: "default", pod: {} }], domain } };
}
