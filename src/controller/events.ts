// Kubernetes Events of a Wukong, which `kubectl describe wukong` shows.
import { randomBytes } from "node:crypto";
import type { KubernetesEvent, Wukong } from "../domain/objects/kubernetes.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { KubeLog } from "../kube/log.ts";
import { events } from "../kube/resource.ts";
import { wholeSeconds } from "./time.ts";

export interface EventRecorder {
  /** Never throws: an event that cannot be written is logged. */
  record(about: Wukong, type: KubernetesEvent["type"], reason: string, message: string): Promise<void>;
}

/** apiserver's limit of an event's message (core/validation ValidateEventCreate). */
const maxMessage = 1_024;
/** Of 253 characters; the rest is for the suffix. */
const maxName = 230;

export function createEventRecorder({
  client,
  clock,
  log,
}: {
  readonly client: KubeClient;
  readonly clock: () => Date;
  readonly log: KubeLog;
}): EventRecorder {
  return {
    async record({ apiVersion, kind, metadata }, type, reason, message) {
      const { namespace = "", name, uid = "" } = metadata;
      const time = wholeSeconds(clock());
      const event: KubernetesEvent = {
        apiVersion: "v1",
        kind: "Event",
        metadata: { namespace, name: `${name.slice(0, maxName)}.${randomBytes(8).toString("hex")}` },
        type,
        reason,
        message: message.slice(0, maxMessage),
        involvedObject: { apiVersion, kind, namespace, name, uid },
        source: { component: "multinic" },
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
      };
      try {
        await client.create(events, event);
      } catch (error) {
        log.warn({ err: error, namespace, name, reason }, "an event of a Wukong could not be written");
      }
    },
  };
}
