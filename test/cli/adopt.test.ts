// VMs not created by multinic on the command line: what was read, where they drifted, and adoption of their NICs.
import type { ConnectRouter } from "@connectrpc/connect";
import { describe, it } from "vitest";
import {
  VirtualMachineService,
  type ApplyVMRequest,
} from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { run } from "./run-cli.ts";

const applying =
  (asked: ApplyVMRequest[]) =>
  (router: ConnectRouter): void =>
    void router.service(VirtualMachineService, {
      applyVM(request) {
        asked.push(request);
        return { plan: { fingerprint: "abc" } };
      },
    });

describe("--adopt", () => {
  it("requests adoption in plan and apply, and only with the option", async ({ expect }) => {
    const asked: ApplyVMRequest[] = [];
    const routes = applying(asked);
    for (const command of ["plan --adopt", "apply --adopt", "plan", "apply"])
      expect((await run(`${command} examples/6.1-basic.yaml`, { routes })).code).toBe(0);
    expect(asked.map(({ adopt, validateOnly }) => [adopt, validateOnly])).toEqual([
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ]);
  });
});

describe("multinic get", () => {
  const answering =
    (view: object) =>
    (router: ConnectRouter): void =>
      void router.service(VirtualMachineService, {
        getVM: () => ({
          virtualMachine: {
            spec: { namespace: "shop", name: "theirs" },
            printableStatus: "Running",
            ...view,
          },
        }),
      });

  it("shows what is missing in the spec of a VM that multinic did not create", async ({ expect }) => {
    const routes = answering({ importNotes: ["network-config bonds: not imported"] });
    expect((await run("get theirs -n shop", { routes })).stdout)
      .toBe(`shop/theirs  Running, not created by multinic

NIC  TYPE  ATTACHMENT  GUEST  MAC  IP  STATE  REASON

note: network-config bonds: not imported
`);
  });

  it("shows where a VM differs from its spec, since when and by whom", async ({ expect }) => {
    const routes = answering({
      adopted: true,
      drift: [
        {
          path: "networks[eth0].linkState",
          nic: "eth0",
          wanted: "up",
          actual: "down",
          object: { kind: "VirtualMachine", namespace: "shop", name: "theirs" },
          manager: "kubectl-edit",
          since: { seconds: 1_767_312_000n, nanos: 0 },
        },
        {
          path: "networks[eth0].name",
          nic: "eth0",
          wanted: "eth0",
          actual: "ens3",
          object: { kind: "VirtualMachineInstance", namespace: "shop", name: "theirs" },
        },
      ],
    });
    expect((await run("get theirs -n shop", { routes })).stdout)
      .toBe(`shop/theirs  Running, not created by multinic, NICs adopted

NIC  TYPE  ATTACHMENT  GUEST  MAC  IP  STATE  REASON

drift:
PATH                      WANTED  ACTUAL  SINCE                     OBJECT                              MANAGER
networks[eth0].linkState  up      down    2026-01-02T00:00:00.000Z  VirtualMachine shop/theirs          kubectl-edit
networks[eth0].name       eth0    ens3    -                         VirtualMachineInstance shop/theirs  -
`);
  });
});
