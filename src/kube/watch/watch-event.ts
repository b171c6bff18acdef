// Decodes one line of a watch and checks what the cache relies on.
import type { KubernetesObject } from "../../domain/objects/kubernetes.ts";
import { isMapping, parseMapping } from "../../domain/objects/mapping.ts";
import { KubeError } from "../errors.ts";
import { errorOfStatus } from "../status.ts";

export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T; readonly resourceVersion: string }
  | {
      readonly type: "BOOKMARK";
      readonly resourceVersion: string;
      /** All present objects were sent (sendInitialEvents). */
      readonly endsInitialEvents: boolean;
    }
  | { readonly type: "ERROR"; readonly error: KubeError };

interface RawEvent {
  readonly type?: unknown;
  readonly object?: {
    readonly metadata?: {
      readonly name?: unknown;
      readonly resourceVersion?: unknown;
      readonly annotations?: unknown;
    };
  };
}

/** @throws KubeError "Undecodable" for anything that is not an event of Kubernetes' watch protocol. */
export function decodeWatchEvent<T extends KubernetesObject>(line: string): WatchEvent<T> {
  const event: RawEvent | undefined = parseMapping(line);
  if (event === undefined) throw undecodable("a line that is not a JSON object");
  const { type, object } = event;
  if (typeof object !== "object" || object === null) throw undecodable("an event without an object");
  if (type === "ERROR") {
    const status = object as Record<string, unknown>;
    const code = status["code"];
    return { type, error: errorOfStatus(status, typeof code === "number" ? code : 500) };
  }
  const { name, resourceVersion, annotations } = object.metadata ?? {};
  if (typeof resourceVersion !== "string" || resourceVersion === "") {
    throw undecodable("an event without a resourceVersion");
  }
  if (type === "BOOKMARK") {
    const endsInitialEvents = isMapping(annotations) && annotations["k8s.io/initial-events-end"] === "true";
    return { type, resourceVersion, endsInitialEvents };
  }
  if (type !== "ADDED" && type !== "MODIFIED" && type !== "DELETED") {
    throw undecodable("an event of an unknown type");
  }
  if (typeof name !== "string") throw undecodable("an object without a name");
  return { type, object: object as T, resourceVersion };
}

function undecodable(what: string): KubeError {
  return new KubeError("Undecodable", 200, `the watch sent ${what}`);
}
