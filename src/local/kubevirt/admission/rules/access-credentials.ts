// SSH keys and passwords for the guest: vmi-create-admitter.go (validateAccessCredentials).
import { type Cause, type FieldPath, invalid } from "../cause.ts";
import type { SpecRule } from "../rule.ts";
import type { AccessCredential, TemplateSpec } from "../template-spec.ts";

function count(...values: readonly unknown[]): number {
  return values.filter((value) => value !== undefined).length;
}

/** A cloud-init propagation method needs a volume of the same kind. */
function sshKeyFaults(at: FieldPath, spec: TemplateSpec, key: AccessCredential["sshPublicKey"]): Cause[] {
  if (key === undefined) return [];
  const field = at.child("sshPublicKey", "propagationMethod");
  const { noCloud, configDrive, qemuGuestAgent } = key.propagationMethod;
  const volumes = spec.volumes ?? [];
  const needsVolume = (kind: string): Cause =>
    invalid(
      field,
      `${at.text} requires a ${kind} volume to exist when the ${kind} propagationMethod is in use.`,
    );
  const faults: Cause[] = [];
  if (noCloud !== undefined && volumes.every((volume) => volume.cloudInitNoCloud === undefined)) {
    faults.push(needsVolume("noCloud"));
  }
  if (configDrive !== undefined && volumes.every((volume) => volume.cloudInitConfigDrive === undefined)) {
    faults.push(needsVolume("configDrive"));
  }
  if (qemuGuestAgent !== undefined && (qemuGuestAgent.users ?? []).length === 0) {
    const message = `${at.text} requires at least one user to be present in the users list`;
    faults.push(invalid(field.child("qemuGuestAgent", "users"), message));
  }
  if (count(key.source.secret) !== 1) {
    faults.push(invalid(at.child("sshPublicKey", "source"), `${at.text} must have exactly one source set`));
  }
  if (count(noCloud, configDrive, qemuGuestAgent) !== 1) {
    faults.push(invalid(field, `${at.text} must have exactly one propagationMethod set`));
  }
  return faults;
}

function passwordFaults(at: FieldPath, password: AccessCredential["userPassword"]): Cause[] {
  if (password === undefined) return [];
  const faults: Cause[] = [];
  if (count(password.source.secret) !== 1) {
    faults.push(invalid(at.child("userPassword", "source"), `${at.text} must have exactly one source set`));
  }
  if (count(password.propagationMethod.qemuGuestAgent) !== 1) {
    const field = at.child("userPassword", "propagationMethod");
    faults.push(invalid(field, `${at.text} must have exactly one propagationMethod set`));
  }
  return faults;
}

export const accessCredentials: SpecRule = ({ at, spec }) =>
  (spec.accessCredentials ?? []).flatMap(({ sshPublicKey, userPassword }, index) => {
    const path = at.child("accessCredentials").index(index);
    const faults = [...sshKeyFaults(path, spec, sshPublicKey), ...passwordFaults(path, userPassword)];
    if (count(sshPublicKey, userPassword) !== 1) {
      faults.push(invalid(path, `${path.text} must have exactly one access credential type set`));
    }
    return faults;
  });
