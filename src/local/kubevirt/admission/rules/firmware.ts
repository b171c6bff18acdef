// How the machine starts: vmi-create-admitter.go (validateFirmware, validateDomainSpec). Kernel boot is not looked at here.
import { type Cause, invalid } from "../cause.ts";
import type { SpecRule } from "../rule.ts";

/** EFI or BIOS, and secure boot only where system management mode guards its keys. */
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
