import { describe, it } from "vitest";
import { parseNmstate } from "../../../src/local/kubevirt/node/nmstate.ts";
import { fileOfBoothook, userDataParts } from "../../../src/local/kubevirt/node/user-data.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const multipart = (...parts: readonly string[]): string =>
  [
    'Content-Type: multipart/mixed; boundary="==a"',
    "MIME-Version: 1.0",
    "",
    ...parts.flatMap((part) => ["--==a", part]),
    "--==a--",
    "",
  ].join("\n");

describe("userDataParts()", () => {
  it.for<[string, string, readonly string[]]>([
    ["one text", "#cloud-config\na: 1\n", ["#cloud-config\na: 1\n"]],
    ["a plain part", multipart("Content-Type: text/plain\n\n#!/bin/sh\ntrue"), ["#!/bin/sh\ntrue"]],
    [
      "parts in base64",
      multipart(
        `Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n${base64("#!/bin/sh\n\nä\n")}`,
        `Content-Type: text/cloud-config\nContent-Transfer-Encoding: base64\n\n${base64("a: 1\n")}`,
      ),
      ["#!/bin/sh\n\nä\n", "a: 1\n"],
    ],
    ["nested parts", multipart(multipart("Content-Type: text/plain\n\na").replaceAll("==a", "==b")), ["a"]],
  ])("takes %s", ([, text, parts], { expect }) => {
    expect(userDataParts(text)).toEqual(parts);
  });
});

describe("fileOfBoothook()", () => {
  const hook = "#cloud-boothook\n#!/bin/sh\ncat >/etc/nmstate/a.yml <<'END'\na: 1\nb: 2\nEND\ntrue\n";
  it.for<[string, readonly string[], string | undefined]>([
    ["the here-document of a boothook", ["#!/bin/sh\n", hook], "a: 1\nb: 2"],
    ["nothing in a script", [hook.replace("#cloud-boothook\n", "")], undefined],
    ["nothing in another folder", [hook.replace("/etc/nmstate", "/etc/other")], undefined],
  ])("finds %s", ([, parts, content], { expect }) => {
    expect(fileOfBoothook(parts, "/etc/nmstate", ".yml")).toBe(content);
  });
});

describe("parseNmstate()", () => {
  const nic = (more: string): string =>
    `desired: {interfaces: [{name: a, identifier: mac-address, mac-address: "02:00:00:00:00:0A"${more}}]}`;
  it.for<[string, string, object]>([
    [
      "addresses of both families",
      nic(", ipv4: {enabled: true, address: [{ip: 192.0.2.1, prefix-length: 24}]}, ipv6: {enabled: false}"),
      { kind: "nmstate", ethernets: [{ dhcp4: false, addresses: ["192.0.2.1"] }] },
    ],
    ["DHCP", nic(", ipv4: {enabled: true, dhcp: true}"), { ethernets: [{ dhcp4: true, addresses: [] }] }],
    ["invalid YAML", "{", { kind: "refused" }],
    ["no interfaces", "desired: {}", { kind: "refused" }],
    ["an interface identified by name", "interfaces: [{name: eth0}]", { kind: "refused" }],
  ])("reads %s", ([, text, plan], { expect }) => {
    expect(parseNmstate(text)).toMatchObject(plan);
  });
});
