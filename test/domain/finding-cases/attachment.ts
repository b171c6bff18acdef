// Findings on what a NIC attaches to.
import { builtInCatalogue } from "../../../src/domain/catalogue.ts";
import { type SpecCase, nic } from "./case.ts";
import { nad, nads } from "../../support/objects.ts";

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
    when: "the NAD is in another namespace",
    spec: nic({ nadName: "other/net" }),
    field: "networks[0].nadName",
  },
  {
    code: "NETWORK_UNREADABLE",
    when: "the NAD contains invalid JSON",
    spec: nic({ nadName: "net" }),
    facts: { nads: nads(nad("net", "{")) },
    field: "networks[0].nadName",
  },
  {
    code: "NETWORK_UNREADABLE",
    when: "the NAD contains only a space",
    spec: nic({ nadName: "net" }),
    facts: { nads: nads(nad("net", " ")) },
    field: "networks[0].nadName",
  },
  {
    code: "NETWORK_UNREADABLE",
    when: "the NAD has no plugin type",
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
    fix: true,
  },
  {
    code: "TYPE_NAD_MISMATCH",
    when: "the first plugin of a chain decides",
    spec: nic({ nadName: "net" }),
    facts: { nads: nads(nad("net", { plugins: [{ type: "ovs" }, { type: "tuning" }] })) },
    field: "networks[0].type",
    fix: true,
  },
  {
    code: "BINDING_UNSUPPORTED",
    when: "the NAD is of type macvlan",
    spec: nic({ nadName: "net", type: "macvlan" }),
    facts: { nads: nads(nad("net", { type: "macvlan" })) },
    field: "networks[0].nadName",
  },
  {
    code: "BINDING_PLUGIN_MISSING",
    when: "the macvtap binding plugin is not registered",
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
    when: "a bridge NIC is on an OVS network",
    spec: nic({ physicalNetwork: "ovs" }),
    field: "networks[0].physicalNetwork",
    fix: true,
  },
  {
    code: "NETWORK_SOURCE_CONFLICT",
    when: "a NAD and a physical network are given",
    spec: nic({ nadName: "net", physicalNetwork: "bridge" }),
    field: "networks[0].physicalNetwork",
    fix: true,
  },
  {
    code: "PHYSICAL_NETWORK_MISSING",
    when: "the catalogue has no default network of the type",
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
    fix: true,
  },
  {
    code: "PHYSICAL_NETWORK_NOT_FOUND",
    when: "the physical network is misspelt",
    spec: nic({ physicalNetwork: "brigde" }),
    field: "networks[0].physicalNetwork",
    fix: true,
  },
];
