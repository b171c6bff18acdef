// Findings on what a NIC attaches to.
import { builtInCatalogue } from "../../../src/domain/catalogue.ts";
import { type SpecCase, nic } from "./case.ts";
import { nad, nads } from "../specs.ts";

export const attachmentCases: readonly SpecCase[] = [
  {
    code: "NETWORK_NOT_FOUND",
    when: "the NAD does not exist",
    spec: nic({ nadName: "none" }),
    facts: { nads: nads() },
    field: "networks[0].nadName",
  },
  {
    code: "NETWORK_NAME_INVALID",
    when: "the NAD's name has two slashes",
    spec: nic({ nadName: "a/b/c" }),
    field: "networks[0].nadName",
  },
  {
    code: "NETWORK_NOT_ALLOWED",
    when: "the NAD is another namespace's",
    spec: nic({ nadName: "other/net" }),
    field: "networks[0].nadName",
  },
  {
    code: "NETWORK_UNREADABLE",
    when: "the NAD holds broken JSON",
    spec: nic({ nadName: "net" }),
    facts: { nads: nads(nad("net", "{")) },
    field: "networks[0].nadName",
  },
  {
    code: "NETWORK_UNREADABLE",
    when: "the NAD holds nothing but a space",
    spec: nic({ nadName: "net" }),
    facts: { nads: nads(nad("net", " ")) },
    field: "networks[0].nadName",
  },
  {
    code: "NETWORK_UNREADABLE",
    when: "the NAD names no plugin",
    spec: nic({ nadName: "net" }),
    facts: { nads: nads(nad("net", [])) },
    field: "networks[0].nadName",
  },
  {
    code: "TYPE_NAD_MISMATCH",
    when: "a bridge NIC is on an SR-IOV NAD",
    spec: nic({ nadName: "net" }),
    facts: { nads: nads(nad("net", { type: "sriov" })) },
    field: "networks[0].type",
  },
  {
    code: "TYPE_NAD_MISMATCH",
    when: "the first plugin of a chain decides",
    spec: nic({ nadName: "net" }),
    facts: { nads: nads(nad("net", { plugins: [{ type: "ovs" }, { type: "tuning" }] })) },
    field: "networks[0].type",
  },
  {
    code: "BINDING_UNSUPPORTED",
    when: "the NAD is a macvlan one",
    spec: nic({ nadName: "net", type: "macvlan" }),
    facts: { nads: nads(nad("net", { type: "macvlan" })) },
    field: "networks[0].nadName",
  },
  {
    code: "BINDING_PLUGIN_MISSING",
    when: "macvtap is not registered",
    spec: nic({ type: "macvlan" }),
    facts: { bindingPlugins: [] },
    field: "networks[0].type",
  },
  {
    code: "PHYSICAL_NETWORK_NOT_FOUND",
    when: "the physical network is unknown",
    spec: nic({ physicalNetwork: "none" }),
    field: "networks[0].physicalNetwork",
  },
  {
    code: "PHYSICAL_NETWORK_TYPE_MISMATCH",
    when: "a bridge NIC names an OVS network",
    spec: nic({ physicalNetwork: "ovs" }),
    field: "networks[0].physicalNetwork",
  },
  {
    code: "NETWORK_SOURCE_CONFLICT",
    when: "a NAD and a physical network are given",
    spec: nic({ nadName: "net", physicalNetwork: "bridge" }),
    field: "networks[0].physicalNetwork",
  },
  {
    code: "PHYSICAL_NETWORK_MISSING",
    when: "the configuration has no default network of the type",
    spec: nic({ type: "ovs" }),
    catalogue: { ...builtInCatalogue(), physicalNetworks: [] },
    field: "networks[0].type",
  },
  {
    code: "NETWORK_NOT_FOUND",
    when: "the NAD's name is misspelt",
    spec: nic({ nadName: "storge" }),
    facts: { nads: nads(nad("storage", { cniVersion: "0.3.1", type: "bridge", bridge: "br0" })) },
    field: "networks[0].nadName",
  },
  {
    code: "PHYSICAL_NETWORK_NOT_FOUND",
    when: "the physical network is misspelt",
    spec: nic({ physicalNetwork: "brigde" }),
    field: "networks[0].physicalNetwork",
  },
];
