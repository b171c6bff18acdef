// The two ways to configure a guest: cloud-init's network-config, and NMState desired state in user-data.
import { afterAll, beforeAll, describe, it } from "vitest";
import { AddressOrigin, InterfaceState } from "../../gen/multinic/v1/virtual_machine_pb.ts";
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

/** A password and padding, 100 kB in total. */
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
    nicOf(nics, "eth1")
      .addresses.filter(({ origin }) => origin === AddressOrigin.STATIC)
      .map(({ address }) => address);

  it("nmstate gives the same addresses as cloud-init, together with user-data of any size", async ({
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
    expect(nicOf(nics, "eth0").addresses[0]?.address).toMatch(/^\d+(\.\d+){3}$/);
    // The kernel's own name is not drift.
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
      // A disk that keeps the state of earlier boots; the real control plane has no volume provisioner.
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

  it("cloud-init works with user-data of 100 kB, which is not changed", async ({ expect }) => {
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
