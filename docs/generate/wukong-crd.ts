// deploy/crds: the CustomResourceDefinition of Wukong. Its fields come from the field table of documents, so that both
// always have the same; the limits and CEL rules below reject only what multinic rejects too.
import { stringify } from "yaml";
import { wukongApiVersions, wukongKinds, wukongSpec } from "../../src/domain/document/fields.ts";
import type { Field, Shape } from "../../src/domain/document/shape.ts";
import { interfaceStates } from "../../src/domain/status/interface-status.ts";
import { fieldTexts } from "./field-texts.ts";

type Schema = Readonly<Record<string, unknown>>;

const [group = "", version = ""] = wukongApiVersions[0].split("/");

/** Below the root of the repository. */
export const wukongCrdFile = `deploy/crds/wukongs.${group}.yaml`;

const celRule = (rule: string, message: string): Schema => ({
  "x-kubernetes-validations": [{ rule, message }],
});

/** Pair by pair, which costs the API server less than counting. */
function atMostOneOf(...fields: readonly string[]): Schema {
  const pairs = fields.flatMap((first, index) => fields.slice(index + 1).map((second) => [first, second]));
  return celRule(
    pairs.map((pair) => `!(${pair.map((name) => `has(self.${name})`).join(" && ")})`).join(" && "),
    `at most one of ${fields.join(", ")} may be given`,
  );
}

const diskSource = atMostOneOf("containerImage", "persistentVolumeClaim", "dataVolume");

/** Beyond the types, by path as in field-texts.ts. maxItems and maxLength bound the cost of the CEL rules. */
const limits: Readonly<Record<string, Schema>> = {
  cpu: { minimum: 1, maximum: 512 },
  bootDisk: diskSource,
  disks: { maxItems: 32 },
  "disks[]": diskSource,
  userData: atMostOneOf("text", "secretName"),
  networks: {
    minItems: 1,
    maxItems: 32,
    "x-kubernetes-validations": [
      {
        rule: "self.all(network, self.exists_one(other, other.name == network.name))",
        message: "the names of the networks must be unique",
      },
      {
        rule: "self.filter(network, has(network.primary) && network.primary).size() <= 1",
        message: "at most one network may be primary",
      },
    ],
  },
  "networks[].name": {
    maxLength: 15,
    ...celRule(
      "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
      "must be lower-case letters, digits and hyphens, with a letter or digit first and last",
    ),
  },
  "networks[].vlanId": { minimum: 0, maximum: 4094 },
  "networks[].mtu": { minimum: 576, maximum: 65_535 },
  "networks[].ipConfig": {
    "x-kubernetes-validations": [
      {
        rule: "!has(self.mode) || self.mode != 'static' || has(self.address) || (has(self.addresses) && self.addresses.size() > 0)",
        message: "mode static needs an address",
      },
    ],
  },
};

function schemaOf(shape: Shape, path: string): Schema {
  switch (shape.kind) {
    case "text":
      return { type: "string" };
    case "quantity":
      return { "x-kubernetes-int-or-string": true };
    case "flag":
      return { type: "boolean" };
    case "integer":
      return {
        type: "integer",
        format: shape.max > 2_147_483_647 ? "int64" : "int32",
        ...(shape.max > 2_147_483_647 ? { minimum: shape.min, maximum: shape.max } : {}),
      };
    case "word":
      return { type: "string", enum: shape.words };
    case "list":
      // Whole: the order of the NICs matters.
      return { type: "array", "x-kubernetes-list-type": "atomic", items: limited(shape.of, `${path}[]`) };
    case "mapping":
      return { type: "object", ...requiredOf(shape.fields), properties: propertiesOf(shape.fields, path) };
    case "texts":
      return { type: "object", additionalProperties: { type: "string" } };
    case "parsed":
    case "chosen":
    case "unread":
      throw new Error(`${path}: a ${shape.kind} value has no structural schema`);
  }
}

const limited = (shape: Shape, path: string): Schema => ({ ...schemaOf(shape, path), ...limits[path] });

function requiredOf(fields: Readonly<Record<string, Field>>): Schema {
  const required = Object.keys(fields).filter((name) => fields[name]?.required === true);
  return required.length === 0 ? {} : { required };
}

function propertiesOf(fields: Readonly<Record<string, Field>>, path: string): Schema {
  return Object.fromEntries(
    Object.entries(fields).map(([name, { shape }]) => {
      const own = path === "" ? name : `${path}.${name}`;
      return [name, { description: descriptionOf(own), ...limited(shape, own) }];
    }),
  );
}

/** The text of docs/reference.md. @throws for a field without a text. */
function descriptionOf(path: string): string {
  const text = fieldTexts[path];
  if (text === undefined) throw new Error(`${path} has no text in docs/generate/field-texts.ts`);
  const otherwise = text.default === "" ? "" : ` Default: ${text.default}.`;
  return `${text.rule}.${otherwise}`;
}

const text = (description: string): Schema => ({ type: "string", description });

const conditionSchema: Schema = {
  type: "object",
  required: ["type", "status", "lastTransitionTime", "reason", "message"],
  properties: {
    type: { ...text("Accepted, RoutesApplied or Ready."), maxLength: 316 },
    status: { type: "string", enum: ["True", "False", "Unknown"] },
    observedGeneration: { type: "integer", format: "int64", minimum: 0 },
    lastTransitionTime: { type: "string", format: "date-time" },
    reason: { ...text("The code of the first finding, if there is one."), maxLength: 1024 },
    message: { ...text("The findings."), maxLength: 32_768 },
  },
};

const statusSchema: Schema = {
  type: "object",
  description: "Written by multinic.",
  properties: {
    observedGeneration: {
      type: "integer",
      format: "int64",
      description: "The generation of the spec that the conditions are about.",
    },
    networks: {
      type: "array",
      description: "One entry for each NIC of the VM.",
      "x-kubernetes-list-type": "atomic",
      items: {
        type: "object",
        required: ["name"],
        properties: {
          name: text("Name of the network."),
          nadName: text("The NetworkAttachmentDefinition; absent for the pod network."),
          interfaceName: text("Name of the interface in the guest, if the guest agent reports it."),
          macAddress: text("MAC address."),
          ipAddress: text("The first address that the guest reports."),
          ipAddresses: {
            type: "array",
            description: "All addresses that the guest reports.",
            "x-kubernetes-list-type": "atomic",
            items: { type: "string" },
          },
          state: { type: "string", enum: interfaceStates, description: "State of the NIC." },
          reason: text("Why the NIC is in this state, such as UP or NO_GUEST_AGENT."),
        },
      },
    },
    conditions: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
      items: conditionSchema,
    },
  },
};

const condition = (type: string, field: string): string =>
  `.status.conditions[?(@.type=='${type}')].${field}`;

const columns: readonly Schema[] = [
  { name: "Accepted", type: "string", jsonPath: condition("Accepted", "status") },
  { name: "Ready", type: "string", jsonPath: condition("Ready", "status") },
  { name: "Reason", type: "string", jsonPath: condition("Ready", "reason") },
  { name: "IP", type: "string", jsonPath: ".status.networks[0].ipAddress" },
  { name: "Message", type: "string", jsonPath: condition("Ready", "message"), priority: 1 },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
];

/** The manifest as YAML. @throws for a field without a text. */
export function wukongCrd(): string {
  const kind = wukongKinds[0];
  const spec = limited(wukongSpec, "");
  const crd = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `wukongs.${group}` },
    spec: {
      group,
      names: {
        kind,
        listKind: `${kind}List`,
        plural: "wukongs",
        singular: "wukong",
        shortNames: ["wk"],
      },
      scope: "Namespaced",
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: {
            openAPIV3Schema: {
              type: "object",
              description: "A KubeVirt VM with several networks.",
              required: ["spec"],
              properties: {
                apiVersion: { type: "string" },
                kind: { type: "string" },
                metadata: { type: "object" },
                spec: { ...spec, required: ["networks"] },
                status: statusSchema,
              },
            },
          },
        },
      ],
    },
  };
  const head =
    "# Generated by npm run docs from src/domain/document/fields.ts and docs/generate/wukong-crd.ts.\n";
  return head + stringify(crd, { lineWidth: 0, aliasDuplicateObjects: false });
}
