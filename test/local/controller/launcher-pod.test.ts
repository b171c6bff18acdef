// Our virt-launcher pods, compared with those that KubeVirt 1.9.0 created.
import { describe, it } from "vitest";
import { controllerRules } from "../../../src/local/kubevirt/controller/configuration.ts";
import { launcherPod } from "../../../src/local/kubevirt/controller/launcher-pod.ts";
import { firmwareUuid, newVmi } from "../../../src/local/kubevirt/controller/new-vmi.ts";
import { annotations } from "../../../src/local/kubevirt/resources.ts";
import { recorded } from "./recorded.ts";

const rules = controllerRules({
  configuration: { network: { binding: { macvtap: { domainAttachmentType: "tap" } } } },
});

describe("a virt-launcher pod equals the recorded one", () => {
  it.for(recorded.pods.plugins.filter(({ noPod }) => noPod === undefined))(
    "$description",
    (was, { expect }) => {
      const pod = launcherPod(newVmi(was.vm), { rules, networkResources: new Map() });
      const [compute] = pod.spec.containers;
      const networks = pod.metadata.annotations?.[annotations.networks];
      expect(networks).toBe(
        was.networksAnnotation === undefined ? undefined : JSON.stringify(was.networksAnnotation),
      );
      expect(pod.metadata.annotations?.[annotations.defaultNetwork]).toBe(was.defaultNetworkAnnotation);
      expect(compute?.resources).toEqual({ requests: was.requests, limits: was.limits });
    },
  );

  it("is not created for an unregistered binding plugin", ({ expect }) => {
    const [was] = recorded.pods.plugins.filter(({ noPod }) => noPod !== undefined);
    expect(`FailedCreate: failed to render launch manifest: ${errorOf(was?.vm)}`).toBe(was?.noPod);
  });
});

describe("a VMI's firmware UUID", () => {
  it("is the name-based UUID of the VM's name in KubeVirt's namespace", ({ expect }) => {
    // uuid.uuid5(uuid.UUID("6a1a24a1-4061-4607-8bf4-a3963d0c5895"), "vm") of Python.
    expect(firmwareUuid("vm")).toBe("d633a622-2335-5606-93ae-d432b7c7f2d2");
  });
});

function errorOf(vm: (typeof recorded.pods.plugins)[number]["vm"] | undefined): string {
  if (vm === undefined) return "nothing was recorded";
  try {
    return launcherPod(newVmi(vm), { rules, networkResources: new Map() }).metadata.name;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
