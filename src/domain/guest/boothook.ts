// User-data that passes NMState desired state to the guest, alone or together with the caller's user-data.
import { createHash } from "node:crypto";

/** Where nmstate.service looks for *.yml (nmstate.service(8)). */
export const nmstatePath = "/etc/nmstate/multinic.yml";

const beginning = `#cloud-boothook
#!/bin/sh
# Networks of this VM, by multinic`;

const endOfDocument = "END_OF_NMSTATE";

/**
 * A boothook, because it runs at every boot; write_files and runcmd run once per instance and would miss later changes
 * (cloud-init, "Cloud boothook"). nmstate.service starts before cloud-init, finds no file, and must be restarted. With
 * --no-block, because some distributions start cloud-init before the units that nmstate.service needs.
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
 * The caller's user-data and the boothook as one MIME multipart. The caller's part is kept byte for byte, and cloud-init
 * reads it as it would alone, by the first line of a text/plain part. User-data that is already MIME becomes a part as is.
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
 * The caller's part of user-data, for comparison: empty for the boothook alone, the encoded part of a multipart, any other
 * user-data unchanged.
 */
export function callersPart(userData: string): string {
  if (userData.startsWith(beginning)) return "";
  const boundary = /^Content-Type: multipart\/mixed; boundary="(multinic-[0-9a-f]{24})"\n/.exec(
    userData,
  )?.[1];
  return boundary === undefined ? userData : (userData.split(`\n--${boundary}\n`)[1] ?? "");
}

/** The user-data that withBoothook was given; undefined for the boothook alone. */
export function withoutBoothook(userData: string): string | undefined {
  const theirs = callersPart(userData);
  if (theirs === "" && userData !== "") return undefined;
  const header = part("text/plain", "user-data", "");
  if (theirs === userData || !theirs.startsWith(header)) return theirs;
  return Buffer.from(theirs.slice(header.length), "base64").toString("utf8");
}

const ownPart = (boothook: string): string => part("text/cloud-boothook", "multinic-networks", boothook);

/** In base64, because mail parsers change line endings and non-ASCII characters. */
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
