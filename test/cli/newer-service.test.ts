// What the commands make of enum values that only a newer service knows.
import { describe, it } from "vitest";
import type { RouteOrigin, Severity } from "../../gen/multinic/v1/network_pb.ts";
import { NetworkService } from "../../gen/multinic/v1/network_service_pb.ts";
import type { Effect, ObjectAction } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { VirtualMachineService } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { run } from "./run-cli.ts";

const file = "examples/6.1-basic.yaml";
const unknown = 77;

describe("a command that receives a value it does not know", () => {
  it("takes a severity as an error", async ({ expect }) => {
    const { code, stdout } = await run(`validate ${file}`, {
      routes: (router) =>
        void router.rpc(NetworkService.method.validateNetworks, () => ({
          findings: [
            {
              code: "NEWER",
              severity: unknown as Severity,
              field: "networks[0].mtu",
              message: "a newer finding",
            },
          ],
        })),
    });
    expect(stdout).toContain("error  networks[0].mtu  NEWER  a newer finding");
    expect(stdout).toContain("1 error");
    expect(code).toBe(1);
  });

  it("takes an effect as unknown, and an action as an update", async ({ expect }) => {
    const { stdout } = await run(`plan ${file}`, {
      routes: (router) =>
        void router.rpc(VirtualMachineService.method.applyVM, () => ({
          plan: {
            objects: [
              { action: unknown as ObjectAction, kind: "VirtualMachine", namespace: "shop", name: "web" },
            ],
            effect: unknown as Effect,
          },
        })),
    });
    expect(stdout).toContain("effect: unknown (a newer multinic knows it; expect the worst)");
    expect(stdout).toMatch(/^update +VirtualMachine +shop\/web/m);
  });

  it("shows the origin of a route as unknown", async ({ expect }) => {
    const { stdout } = await run(`routes ${file}`, {
      routes: (router) =>
        void router.rpc(NetworkService.method.validateNetworks, () => ({
          routes: [{ destination: "0.0.0.0/0", nic: "eth0", origin: unknown as RouteOrigin }],
        })),
    });
    expect(stdout).toMatch(/^0\.0\.0\.0\/0 .* unknown$/m);
  });
});
