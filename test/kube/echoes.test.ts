import * as fc from "fast-check";
import { describe, it } from "vitest";
import { errorOfAnswer } from "../../src/kube/status.ts";

const userdata = "I2Nsb3VkLWNvbmZpZwpwYXNzd29yZDogY2FuYXJ5";
const secret = { apiVersion: "v1", data: { userdata }, kind: "Secret", metadata: { name: "multinic-web" } };
const json = JSON.stringify(secret);
const quoted = JSON.stringify(json);
const goMap = `map[apiVersion:v1 data:map[userdata:${userdata}] kind:Secret metadata:map[name:multinic-web]]`;
const strict = 'strict decoding error: unknown field "spec.flavour"';

function errorOf(message: string) {
  const details = { causes: [{ field: "patch", reason: "FieldValueInvalid", message }] };
  const body = JSON.stringify({ kind: "Status", status: "Failure", reason: "Invalid", message, details });
  return errorOfAnswer("PATCH /api", { status: 422, body, retryAfter: undefined });
}

describe("the error of an API server that quotes the object", () => {
  it.for([
    [
      "as kube-apiserver does for an unknown field in a patch",
      ` "" is invalid: patch: Invalid value: ${quoted}: ${strict}`,
      ` "" is invalid: patch: ${strict}`,
    ],
    [
      "as a Go map in quotation marks",
      `patch: Invalid value: ${JSON.stringify(goMap)}: ${strict}`,
      `patch: ${strict}`,
    ],
    ["as a Go map", `patch: Invalid value: ${goMap}: ${strict}`, `patch: ${strict}`],
    [
      "as a Go map with brackets in a text",
      `patch: Invalid value: map[data:map[a:x]] y ${userdata}]: ${strict}`,
      `patch: ${strict}`,
    ],
    [
      "as a generic Go map",
      `data: Invalid value: map[string]interface {}{"userdata":"${userdata}"}: is wrong`,
      "data: is wrong",
    ],
    ["as a Go struct", `data: Invalid value: v1.Secret{Data:${userdata}}: is wrong`, "data: is wrong"],
    ["as a Go list", `data: Invalid value: []string{"${userdata}"}: is wrong`, "data: is wrong"],
    ["as JSON", `data: Invalid value: ${json}: is wrong`, "data: is wrong"],
    ["as a list in JSON", `data: Invalid value: [${json}]: is wrong`, "data: is wrong"],
    [
      "as an object without kind",
      `unrecognized: Object 'Kind' is missing in '${json}' (${json.slice(0, 60)} ...)`,
      "unrecognized: Object 'Kind' is missing in '…' (…",
    ],
    [
      "as a webhook's words do",
      `admission webhook "audit.example" denied the request: ${json} is not wanted`,
      'admission webhook "audit.example" denied the request: … is not wanted',
    ],
    [
      "inside a quoted text",
      `webhook said "no to ${json.replaceAll('"', '\\"')}" and so on`,
      'webhook said "no to …" and so on',
    ],
    [
      "as a piece around a wrong byte",
      `v1.Secret.Data: base64Codec: invalid input, error found in #10 byte of ...|a":"${userdata}"}|..., bigger context ...|${json}|...`,
      "v1.Secret.Data: base64Codec: invalid input, error found in #10 byte of …",
    ],
    ["cut off in the middle", `patch: Invalid value: ${quoted.slice(0, -20)}`, "patch: Invalid value: …"],
    [
      "as one long value",
      `data[userdata]: Invalid value: "${`${userdata}\\n`.repeat(10)}": is wrong`,
      "data[userdata]: is wrong",
    ],
  ] as const)("has only the reason: %s", ([, message, left], { expect }) => {
    const error = errorOf(message);
    expect(error.message).toBe(left);
    expect(error.causes).toEqual([{ field: "patch", reason: "FieldValueInvalid", message: left }]);
    expect(JSON.stringify(error) + String(error.stack)).not.toContain(userdata);
  });

  it.for([
    'spec.template.spec.domain.devices.interfaces[0].macAddress: Invalid value: "02:00": malformed MAC address',
    `metadata.name: Invalid value: "Web": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    'spec.running: Invalid value: "string": spec.running in body must be of type boolean: "string"',
    'Unsupported value: "x": supported values: "Always", "Halted"',
    "metadata.labels: Invalid value: \"a b\": regex used for validation is '^[a-z]{1,63}$'",
    'conflict with "kubectl" using v1: .data.userdata',
    "json: cannot unmarshal string into Go struct field VirtualMachineSpec.spec.running of type bool",
    'admission webhook "virtualmachine-validator.kubevirt.io" denied the request: spec.template.spec.networks[0] must have a network type',
    "spec: Invalid value: {}: must not be empty",
  ])("keeps an ordinary text whole: %s", (message, { expect }) => {
    expect(errorOf(message).message).toBe(message);
  });

  it("never contains the data, wherever the object is and whatever else it contains", ({ expect }) => {
    const form = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => JSON.stringify(text),
      (text) => `'${text}'`,
      (text) => JSON.stringify(`said ${text}`),
    );
    fc.assert(
      fc.property(
        fc.string(),
        fc.dictionary(fc.string({ minLength: 1 }), fc.string()),
        form,
        (tail, extra, as) => {
          const object = JSON.stringify({ kind: "Secret", ...extra, data: { userdata } });
          const text = `patch: Invalid value: ${as(object)}: ${tail}`;
          expect(errorOf(text).message).not.toContain(userdata);
        },
      ),
    );
  });

  it("does not quote the object of a body that is not a Status either", ({ expect }) => {
    const body = `bad gateway, sent ${json}`;
    const { message } = errorOfAnswer("PATCH /api", { status: 502, body, retryAfter: undefined });
    expect(message).toBe("PATCH /api: HTTP 502: bad gateway, sent …");
  });
});
