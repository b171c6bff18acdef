// The firmware UUID that KubeVirt gives a VM that names none; cloud-init takes it for the instance-id.
import { createHash } from "node:crypto";

/** KubeVirt's namespace for these UUIDs (watch/vm/firmware.go). */
const namespace = Buffer.from("6a1a24a1406146078bf4a3963d0c5895", "hex");

/** The name-based UUID (version 5, RFC 9562) of a VM's name: the same at every start. */
export function firmwareUuid(vmName: string): string {
  const bytes = createHash("sha1").update(namespace).update(vmName).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
