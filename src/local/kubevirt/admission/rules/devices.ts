// Input, sound and passed-through devices: vmi-create-admitter.go.
import { type Cause, invalid } from "../cause.ts";
import { gateEnabled } from "../../configuration.ts";
import type { SpecRule } from "../rule.ts";

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

/** Behind a gate, also for an empty list. */
export const hostDevices: SpecRule = ({ at, spec, configuration }) =>
  spec.domain.devices.hostDevices === undefined || gateEnabled("HostDevices", configuration)
    ? []
    : [invalid(at.child("HostDevices"), "Host Devices feature gate is not enabled in kubevirt-config")];

export const sound: SpecRule = ({ at, spec }) => {
  const device = spec.domain.devices.sound;
  if (device === undefined) return [];
  const faults: Cause[] = [];
  if (!["", "ich9", "ac97"].includes(device.model ?? "")) {
    faults.push(invalid(at.child("Sound"), "Sound device type is not supported. Options: 'ich9' or 'ac97'"));
  }
  if (device.name === "") {
    faults.push(invalid(at.child("Sound"), "Sound device requires a name field."));
  }
  return faults;
};
