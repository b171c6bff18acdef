// Firmware, input, sound and host devices: vmi-create-admitter.go. Kernel boot is not checked.
import { type Cause, invalid } from "../cause.ts";
import { gateEnabled } from "../../configuration.ts";
import type { SpecRule } from "../rule.ts";

/** EFI and BIOS exclude each other; secure boot needs system management mode (validateFirmware, validateDomainSpec). */
export const firmware: SpecRule = ({ at, spec: { domain } }) => {
  const { efi, bios } = domain.firmware?.bootloader ?? {};
  const domainAt = at.child("domain");
  const faults: Cause[] = [];
  if (efi !== undefined && bios !== undefined) {
    const field = domainAt.child("firmware", "bootloader");
    const message = `${field.text} has both EFI and BIOS configured, but they are mutually exclusive.`;
    faults.push(invalid(field, message));
  }
  const { smm } = domain.features ?? {};
  const guarded = (smm !== undefined && smm.enabled !== false) || domain.launchSecurity?.tdx !== undefined;
  if (efi !== undefined && efi.secureBoot !== false && !guarded) {
    const message = `${domainAt.text} has EFI SecureBoot enabled. SecureBoot requires SMM, which is currently disabled.`;
    faults.push(invalid(domainAt, message));
  }
  return faults;
};

export const inputs: SpecRule = ({ at, spec }) =>
  (spec.domain.devices.inputs ?? []).flatMap(({ bus = "", type }, index) => {
    const field = at.child("domain", "devices", "inputs").index(index);
    const faults: Cause[] = [];
    if (!["", "virtio", "usb"].includes(bus)) {
      faults.push(invalid(field.child("bus"), "Input device can have only virtio or usb bus."));
    }
    if (type !== "tablet") {
      faults.push(invalid(field.child("type"), "Input device can have only tablet type."));
    }
    return faults;
  });

/** An empty list needs the feature gate too. */
export const hostDevices: SpecRule = ({ at, spec, configuration }) =>
  spec.domain.devices.hostDevices === undefined || gateEnabled("HostDevices", configuration)
    ? undefined
    : invalid(at.child("HostDevices"), "Host Devices feature gate is not enabled in kubevirt-config");

export const sound: SpecRule = ({ at, spec }) => {
  const device = spec.domain.devices.sound;
  if (device === undefined) return undefined;
  const faults: Cause[] = [];
  if (!["", "ich9", "ac97"].includes(device.model ?? "")) {
    faults.push(invalid(at.child("Sound"), "Sound device type is not supported. Options: 'ich9' or 'ac97'"));
  }
  if (device.name === "") faults.push(invalid(at.child("Sound"), "Sound device requires a name field."));
  return faults;
};
