// A request to a Kubernetes API as one call: its verb and the object or collection that it names.

/** As in RBAC, but `apply` for server-side apply; `other` for paths without objects, such as /livez. */
export type Verb =
  | "get"
  | "list"
  | "watch"
  | "create"
  | "apply"
  | "patch"
  | "update"
  | "delete"
  | "deletecollection"
  | "other";

export interface ApiCall {
  readonly verb: Verb;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The plural, such as "virtualmachines"; "" for paths without objects. */
  readonly resource: string;
  /** "" for all namespaces and cluster-scoped kinds. */
  readonly namespace: string;
  /** "" for collections. */
  readonly name: string;
  /** Such as "status"; "" for the object itself. */
  readonly subresource: string;
  /** True if the API server stores nothing. */
  readonly dryRun: boolean;
  readonly body: string;
}

type Names = Pick<ApiCall, "resource" | "namespace" | "name" | "subresource">;

function namesIn(path: string): Names {
  const [root, ...parts] = path.split("/").filter(Boolean).map(decodeURIComponent);
  const inVersion = root === "api" ? parts.slice(1) : parts.slice(2);
  const known = (root === "api" || root === "apis") && inVersion.length > 0;
  const scoped = inVersion[0] === "namespaces" && inVersion.length > 2;
  const [resource = "", name = "", ...rest] = scoped ? inVersion.slice(2) : inVersion;
  if (!known) return { resource: "", namespace: "", name: "", subresource: "" };
  return { resource, namespace: scoped ? (inVersion[1] ?? "") : "", name, subresource: rest.join("/") };
}

function verbOf(method: string, { resource, name }: Names, query: URLSearchParams, type: string): Verb {
  if (resource === "") return "other";
  if (method === "GET" && query.get("watch") === "true") return "watch";
  if (method === "GET") return name === "" ? "list" : "get";
  if (method === "POST") return "create";
  if (method === "PUT") return "update";
  if (method === "PATCH") return type.startsWith("application/apply-patch") ? "apply" : "patch";
  if (method === "DELETE") return name === "" ? "deletecollection" : "delete";
  return "other";
}

/** `contentType` distinguishes server-side apply from other patches. */
export function callOf(method: string, url: string, contentType: string, body: string): ApiCall {
  const { pathname: path, searchParams: query } = new URL(url, "http://unused");
  const names = namesIn(path);
  const verb = verbOf(method, names, query, contentType);
  const dryRun = query.has("dryRun") || (method === "DELETE" && /"dryRun":\s*\["All"/.test(body));
  return { verb, method, path, query, ...names, dryRun, body };
}
