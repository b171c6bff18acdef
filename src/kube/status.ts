// Converts failures to a KubeError: Kubernetes' Status object, other response bodies, network errors.
import { isMapping, parseMapping } from "../domain/objects/mapping.ts";
import { withoutEchoes } from "./echoes.ts";
import { type KubeCause, KubeError, type KubeReason } from "./errors.ts";

const reasonOfStatus: Readonly<Record<number, KubeReason>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  409: "Conflict",
  410: "Gone",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  502: "ServiceUnavailable",
  503: "ServiceUnavailable",
  504: "Timeout",
};

const spelledReasons: ReadonlySet<string> = new Set<KubeReason>([
  ...Object.values(reasonOfStatus),
  "AlreadyExists",
  "Expired",
  "ServerTimeout",
]);

function isReason(text: unknown): text is KubeReason {
  return typeof text === "string" && spelledReasons.has(text);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function causesOf(details: Record<string, unknown>): KubeCause[] {
  const causes = Array.isArray(details["causes"]) ? details["causes"].filter(isMapping) : [];
  return causes.map((cause) => ({
    field: textOf(cause["field"]),
    reason: textOf(cause["reason"]),
    message: withoutEchoes(textOf(cause["message"])),
  }));
}

function seconds(value: unknown): number | undefined {
  const number = typeof value === "string" ? Number.parseInt(value, 10) : value;
  return typeof number === "number" && number >= 0 ? number : undefined;
}

/** The KubeError of a Status object, also of an ERROR event of a watch. `httpStatus`: its code, or that of the response. */
export function errorOfStatus(
  body: Record<string, unknown>,
  httpStatus: number,
  retryAfterSeconds?: number,
): KubeError {
  const details = isMapping(body["details"]) ? body["details"] : {};
  const reason = isReason(body["reason"]) ? body["reason"] : (reasonOfStatus[httpStatus] ?? "Unknown");
  const message = withoutEchoes(textOf(body["message"]));
  return new KubeError(reason, httpStatus, message === "" ? `${reason} (HTTP ${httpStatus})` : message, {
    causes: causesOf(details),
    retryAfterSeconds: retryAfterSeconds ?? seconds(details["retryAfterSeconds"]),
  });
}

/** How kube-apiserver answers for a path of no kind that it serves; objects that do not exist are named in the answer. */
const notServed = /^(404 page not found|the server could not find the requested resource)/;

/** The KubeError of an unsuccessful response. `what`: method and path, for the message if the body has none. */
export function errorOfAnswer(
  what: string,
  answer: { readonly status: number; readonly body: string; readonly retryAfter: string | undefined },
): KubeError {
  const retryAfterSeconds = seconds(answer.retryAfter);
  const parsed = parseMapping(answer.body);
  if (answer.status === 404 && notServed.test(textOf(parsed?.["message"] ?? answer.body))) {
    return new KubeError("NotServed", 404, `${what}: the API server does not serve this kind of object`);
  }
  if (parsed?.["kind"] === "Status") return errorOfStatus(parsed, answer.status, retryAfterSeconds);
  const said = withoutEchoes(answer.body.trim()).slice(0, 500);
  return new KubeError(
    reasonOfStatus[answer.status] ?? "Unknown",
    answer.status,
    `${what}: HTTP ${answer.status}${said === "" ? "" : `: ${said}`}`,
    { retryAfterSeconds },
  );
}

/** The `code` of a Node or undici error or of one of its causes; "" if there is none. */
export function codeOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string") return at.code;
  }
  return "";
}

const neverSentCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** True if no connection was made, so the API server cannot have received the request. */
export function neverSent(error: KubeError): boolean {
  return error.reason === "Unreachable" && neverSentCodes.has(codeOf(error.cause));
}

/** True for a failed TLS handshake: a wrong or outdated CA, client certificate or server name. */
export function isTlsFailure(error: unknown): boolean {
  const code = codeOf(error);
  return /^(ERR_SSL|ERR_TLS|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/.test(code);
}
