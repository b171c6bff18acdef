// What can go wrong with a call to the API server, and the plan that decides which call it hits.
import type { ApiCall } from "./api-call.ts";

/**
 * `executed`: whether the API server has executed the call before it goes wrong.
 * reset: the connection is reset instead of an answer.
 * silence: there is never an answer; the connection stays open.
 * wait: the answer comes when the promise is fulfilled. With `executed`, only the answer waits, not the call.
 * crash: the client of the proxy is gone: this connection and all others are reset, and no later call arrives, until restart().
 * refuse: an error of the API server, which does not execute the call.
 * page: an HTML page of a proxy in between with code 200; the call is not executed.
 * truncate: executed; half of the answer, as if it were complete. cut: executed; half of the answer, then the connection closes.
 * event: something is wrong with one event of a watch; see EventFault.
 */
export type Fault =
  | { readonly kind: "reset" | "silence" | "crash"; readonly executed: boolean }
  | { readonly kind: "wait"; readonly executed: boolean; readonly until: Promise<unknown> }
  | Refusal
  | { readonly kind: "page" | "truncate" | "cut" }
  | EventFault;

export interface Refusal {
  readonly kind: "refuse";
  readonly code: number;
  readonly reason: string;
  /** Default: made of the reason. A function is called with the body of the request. */
  readonly message?: string | ((body: string) => string);
  /** details.causes of the Status object. */
  readonly causes?: readonly { readonly reason: string; readonly message: string; readonly field: string }[];
  /** As the Retry-After header. */
  readonly retryAfterSeconds?: number;
}

/**
 * drop: left out. duplicate: sent twice. swap: sent after the next event. wait: sent when `until` is fulfilled, like all
 * after it. garble: not JSON. end: the watch ends instead, in
 * order. reset: it is reset instead. cut: half of the event, then the connection closes. truncate: half of the event, then an orderly end.
 */
export interface EventFault {
  readonly kind: "event";
  readonly how: "drop" | "duplicate" | "swap" | "wait" | "garble" | "end" | "reset" | "cut" | "truncate";
  /** Which event of the watch, from 1. Default: the first. */
  readonly nth?: number;
  /** wait: when the event and those after it are sent. */
  readonly until?: Promise<unknown>;
  /** Counts only events of this type, such as "BOOKMARK". Default: all but bookmarks. */
  readonly type?: string;
}

/** Which calls: all given fields must be equal. */
export interface Match extends Partial<
  Pick<ApiCall, "verb" | "method" | "resource" | "namespace" | "name" | "subresource" | "dryRun">
> {
  /** Anything else. */
  readonly where?: (call: ApiCall) => boolean;
  /** Only this one of the calls that match, from 1. Default: each of them. */
  readonly nth?: number;
}

export interface Injection {
  /** How many calls it has hit. */
  readonly struck: number;
  /** Later calls are no longer hit. */
  remove(): void;
}

export interface FaultPlan {
  inject(match: Match, fault: Fault): Injection;
  /** The fault of the next call: that of the first injection which hits it. Each injection counts every call that it matches. */
  next(call: ApiCall): Fault | undefined;
}

const comparedFields = ["verb", "method", "resource", "namespace", "name", "subresource", "dryRun"] as const;

function matches(call: ApiCall, match: Match): boolean {
  const isEqual = comparedFields.every((field) => match[field] === undefined || match[field] === call[field]);
  return isEqual && match.where?.(call) !== false;
}

export function createFaultPlan(): FaultPlan {
  const rules = new Set<{ match: Match; fault: Fault; seen: number; struck: number }>();
  return {
    inject(match, fault) {
      const rule = { match, fault, seen: 0, struck: 0 };
      rules.add(rule);
      return {
        get struck() {
          return rule.struck;
        },
        remove: () => rules.delete(rule),
      };
    },
    next(call) {
      let hit: Fault | undefined;
      for (const rule of rules) {
        if (!matches(call, rule.match)) continue;
        rule.seen += 1;
        if (hit !== undefined || (rule.match.nth ?? rule.seen) !== rule.seen) continue;
        rule.struck += 1;
        hit = rule.fault;
      }
      return hit;
    },
  };
}

/** The Status object of a refusal. */
export function statusOf({ code, reason, message, causes = [] }: Refusal, body: string): string {
  const text = typeof message === "function" ? message(body) : (message ?? `refused: ${reason}`);
  return JSON.stringify({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: text,
    reason,
    details: { causes },
    code,
  });
}
