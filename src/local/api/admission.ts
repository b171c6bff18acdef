// How a write is judged before it is stored: the embedded API's place for what webhooks do at a real API server.
import type { ApiObject } from "./object.ts";

/** One write under judgement. `object` is absent on DELETE, `oldObject` on CREATE. */
export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly resource: { readonly group: string; readonly version: string; readonly plural: string };
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly object: ApiObject | undefined;
  readonly oldObject: ApiObject | undefined;
  readonly dryRun: boolean;
}

/** Why a write is refused; `causes` are the Status object's details.causes, as many as the judge sends. */
export interface Refusal {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly causes?: readonly {
    readonly field?: string;
    readonly reason?: string;
    readonly message: string;
  }[];
}

/**
 * A judge, as a pair of webhooks. The API server calls `mutate`, then checks the schema, then calls `validate`.
 * Neither may change its argument.
 */
export interface Admission {
  /** Names of the webhooks: the API server puts `admission webhook "NAME" denied the request: ` before their words. */
  readonly names: { readonly mutate: string; readonly validate: string };
  /** The object to go on with (the same one when nothing changes), or a refusal. */
  mutate?(request: AdmissionRequest): { readonly object: ApiObject } | { readonly refusal: Refusal };
  /** undefined lets the write pass; warnings reach the client as Warning headers. */
  validate?(
    request: AdmissionRequest,
  ): { readonly refusal: Refusal } | { readonly warnings: readonly string[] } | undefined;
}
