// Which text of user-data an instance was started with, told without telling anything of the text: it may hold passwords.
import { callersPart } from "../guest/boothook.ts";
import type { Secret } from "../objects/kubernetes.ts";
import { guestConfigAnnotation, userDataAnnotation } from "../objects/ownership.ts";
import { readGuestRecord } from "../compare/guest-record.ts";
import type { CompiledVm } from "./compile.ts";

/**
 * The objects with the version of their user-data: none at first, and from the first change on the resourceVersion of the
 * Secret that was changed. A digest would let anybody who may read the VM try out passwords. `stored`: the Secret as it is.
 */
export function withUserDataVersion(compiled: CompiledVm, stored: Secret | undefined): CompiledVm {
  const version = versionOf(compiled.secret.stringData["userdata"], stored);
  const { metadata, spec } = compiled.virtualMachine.spec.template;
  const record = readGuestRecord(metadata?.annotations?.[guestConfigAnnotation]);
  if (version === undefined || record === undefined) return compiled;
  const told = JSON.stringify({ ...record, machine: { ...record.machine, "userData.text": version } });
  const { secret, virtualMachine } = compiled;
  return {
    ...compiled,
    secret: {
      ...secret,
      metadata: {
        ...secret.metadata,
        annotations: { ...secret.metadata.annotations, [userDataAnnotation]: version },
      },
    },
    virtualMachine: {
      ...virtualMachine,
      spec: {
        ...virtualMachine.spec,
        template: {
          metadata: {
            ...metadata,
            annotations: { ...metadata?.annotations, [guestConfigAnnotation]: told },
          },
          spec,
        },
      },
    },
  };
}

function versionOf(text: string | undefined, stored: Secret | undefined): string | undefined {
  if (text === undefined || stored === undefined) return undefined;
  const before = Buffer.from(stored.data?.["userdata"] ?? "", "base64").toString();
  return callersPart(before) === callersPart(text)
    ? stored.metadata.annotations?.[userDataAnnotation]
    : stored.metadata.resourceVersion;
}
