// Findings on the form of a document, and refusals by the cluster.
import type { DocumentCase, RefusalCase } from "./case.ts";

export const documentCases: readonly DocumentCase[] = [
  {
    code: "DOCUMENT_INVALID",
    when: "the document is not YAML",
    document: "name: [",
    field: "",
  },
  {
    code: "UNKNOWN_FIELD",
    when: "a field is misspelt",
    document: "name: web\nnetworks:\n  - name: eth0\n    vlan: 100\n",
    field: "networks[0].vlan",
  },
  {
    code: "WRONG_TYPE",
    when: "a VLAN is text",
    document: "name: web\nnetworks:\n  - name: eth0\n    vlanId: office\n",
    field: "networks[0].vlanId",
  },
  {
    code: "VALUE_UNKNOWN",
    when: "a type is unknown",
    document: "name: web\nnetworks:\n  - name: eth0\n    type: bond\n",
    field: "networks[0].type",
  },
  {
    code: "FIELD_REQUIRED",
    when: "a NIC has no name",
    document: "name: web\nnetworks:\n  - type: bridge\n",
    field: "networks[0].name",
  },
];

export const refusalCases: readonly RefusalCase[] = [
  {
    code: "REFUSED_BY_CLUSTER",
    when: "another webhook of the cluster rejects the VM",
    cause: {
      field: "spec.template.spec.domain.devices.interfaces[0].macAddress",
      message:
        'admission webhook "mutatevirtualmachines.kubemacpool.io" denied the request: failed to allocate requested mac address',
    },
    field: "networks[0].macAddress",
  },
];
