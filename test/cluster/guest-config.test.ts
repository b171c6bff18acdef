// Two ways to the guest: by cloud-init's network-config, and by NMState desired state in user-data.
import { afterAll, beforeAll, describe, it } from "vitest";
import { InterfaceState } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { secretNameOf } from "../../src/domain/objects/ownership.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import { secrets } from "../../src/kube/resource.ts";
import { allUp, nicOf, startStand, type Stand } from "./stand.ts";
import type { Nics } from "./nic-watch.ts";

const networks = (host: number): readonly NetworkConfig[] => [
  { name: "eth0", ipConfig: { mode: "dhcp" } },
  {
    name: "eth1",
    ipConfig: { address: `10.0.1.${host}/24`, addresses: [`2001:db8::${host}/64`], gateway: "10.0.1.1" },
    routes: [{ destination: "192.168.0.0/16", gateway: "10.0.1.2" }],
  },
];

/** A password and more, 100 kB of it. */
const largeText = `#cloud-config\nchpasswd: {expire: false}\n${"# padding of a long cloud-config\n".repeat(3_100)}`;

describe.concurrent("guestConfig", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(async () => await stand.stop());

  const userDataOf = async ({ namespace, name }: VmSpec): Promise<string> => {
    const secret = await stand.target.client.get(secrets, { namespace, name: secretNameOf(name) });
    return Buffer.from(secret.data?.["userdata"] ?? "", "base64").toString();
  };
  const staticOf = (nics: Nics): readonly string[] =>
    nicOf(nics, "eth1").ipAddresses.filter((ip) => !ip.startsWith("fe80::"));

  it("nmstate gives the addresses that cloud-init gives, beside user-data of any size", async ({
    expect,
  }) => {
    const namespace = await stand.namespace();
    const spec: VmSpec = {
      namespace,
      name: "by-nmstate",
      guestConfig: "nmstate",
      userData: { text: largeText },
      networks: networks(21),
    };
    await using watch = stand.watch(spec);
    const { findings } = await stand.apply(spec);
    expect(findings.map(({ code }) => code)).toEqual(["REPLY_ASYMMETRIC"]);

    const nics = await watch.until(allUp(2));

    expect(staticOf(nics)).toEqual(["10.0.1.21", "2001:db8::21"]);
    expect(nicOf(nics, "eth0").ipAddresses[0]).toMatch(/^\d+(\.\d+){3}$/);
    // The kernel's own name, which is no drift.
    expect(nicOf(nics, "eth1").guestInterface).toBe("enp2s0");
    const { virtualMachine } = await stand.vms.getVM({ namespace, name: spec.name });
    expect(virtualMachine).toMatchObject({ drift: [], importNotes: [], pendingChanges: [] });
    const inSecret = await userDataOf(spec);
    expect(inSecret).toMatch(/^Content-Type: multipart\/mixed;/);
    expect(inSecret.replaceAll("\n", "")).toContain(Buffer.from(largeText).toString("base64"));
  });

  it("nmstate applies a changed address at the next start", async ({ expect }) => {
    const spec: VmSpec = {
      namespace: await stand.namespace(),
      name: "later",
      guestConfig: "nmstate",
      // A disk that remembers the boots before; the real control plane has nobody who makes volumes.
      ...(stand.target.name === "real" ? {} : { bootDisk: { persistentVolumeClaim: "root" } }),
      networks: networks(31),
    };
    await using watch = stand.watch(spec);
    await stand.apply(spec);
    await watch.until(allUp(2));

    await stand.apply({ ...spec, networks: networks(32), runStrategy: "Halted" });
    await watch.until((nics) => nicOf(nics, "eth1").state === InterfaceState.DOWN);
    await stand.apply({ ...spec, networks: networks(32) });
    const nics = await watch.until((now) => allUp(2)(now) && staticOf(now).includes("10.0.1.32"));

    expect(staticOf(nics)).toEqual(["10.0.1.32", "2001:db8::32"]);
  });

  it("cloud-init goes with user-data of 100 kB, which stays as it is", async ({ expect }) => {
    const spec: VmSpec = {
      namespace: await stand.namespace(),
      name: "by-cloud-init",
      userData: { text: largeText },
      networks: networks(41),
    };
    await using watch = stand.watch(spec);
    await stand.apply(spec);

    expect(staticOf(await watch.until(allUp(2)))).toEqual(["10.0.1.41", "2001:db8::41"]);
    expect(await userDataOf(spec)).toBe(largeText);
  });
});
