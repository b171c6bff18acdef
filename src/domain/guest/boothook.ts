// User-data that delivers NMState desired state to the guest, alone or together with the caller's own user-data.
import { createHash } from "node:crypto";

/** Where nmstate.service looks for *.yml (nmstate.service(8)). */
export const nmstatePath = "/etc/nmstate/multinic.yml";

const beginning = `#cloud-boothook
#!/bin/sh
# Networks of this VM, by multinic`;

const endOfDocument = "END_OF_NMSTATE";

/**
 * A boothook, because it runs at every boot: write_files and runcmd run once per instance, so a later change of the
 * networks would never arrive (cloud-init, "Cloud boothook"). On images with nmstate.service cloud-init starts after it,
 * so the service found no file and must be restarted. Restarted with --no-block, because some distributions start
 * cloud-init before the units that nmstate.service needs.
 */
export function nmstateBoothook(document: string): string {
  return `${beginning}; applied by nmstate.service at every boot.
mkdir -p /etc/nmstate
cat >${nmstatePath} <<'${endOfDocument}'
${document.trimEnd()}
${endOfDocument}
systemctl --no-block restart nmstate.service
`;
}

const mimeHeader = /^(?:content-type|mime-version):/i;

/**
 * The caller's user-data and ours as one MIME multipart. The caller's part is kept byte for byte and read as if it were
 * alone: cloud-init looks at the first line of a text/plain part. User-data that is MIME already becomes a part unchanged.
 */
export function withBoothook(theirs: string, boothook: string): string {
  const boundary = `multinic-${createHash("sha256").update(theirs).update(boothook).digest("hex").slice(0, 24)}`;
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    "MIME-Version: 1.0",
    "",
    `--${boundary}`,
    mimeHeader.test(theirs) ? theirs : part("text/plain", "user-data", theirs),
    `--${boundary}`,
    ownPart(boothook),
    `--${boundary}--`,
    "",
  ].join("\n");
}

/** True if the user-data is that boothook, or contains it together with the caller's own. */
export function carriesBoothook(userData: string, boothook: string): boolean {
  return userData === boothook || userData.includes(ownPart(boothook));
}

/**
 * User-data without our part, to compare what callers gave: empty for the boothook alone, the caller's encoded part of a
 * multipart, any other user-data unchanged.
 */
export function callersPart(userData: string): string {
  if (userData.startsWith(beginning)) return "";
  const boundary = /^Content-Type: multipart\/mixed; boundary="(multinic-[0-9a-f]{24})"\n/.exec(
    userData,
  )?.[1];
  return boundary === undefined ? userData : (userData.split(`\n--${boundary}\n`)[1] ?? "");
}

const ownPart = (boothook: string): string => part("text/cloud-boothook", "multinic-networks", boothook);

/** Base64, because mail parsers change line ends and non-ASCII characters. */
function part(type: string, name: string, content: string): string {
  const lines =
    Buffer.from(content, "utf8")
      .toString("base64")
      .match(/.{1,76}/g) ?? [];
  return [
    `Content-Type: ${type}; charset="utf-8"`,
    "MIME-Version: 1.0",
    "Content-Transfer-Encoding: base64",
    `Content-Disposition: attachment; filename="${name}"`,
    "",
    ...lines,
  ].join("\n");
}
