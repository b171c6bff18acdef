// A list of any size as pages, and as one whole.
import { isKubeError, type KubeError } from "./errors.ts";
import type { ObjectPage } from "./kube-client.ts";

/** Objects per page of a list, client-go's own number. */
export const pageSize = 500;

/** True when a version or a continue token is too old for the API server. */
export function isExpired(error: unknown): error is KubeError & { readonly reason: "Expired" | "Gone" } {
  return isKubeError(error, "Expired") || isKubeError(error, "Gone");
}

/** All pages as one; `page` asks for the first, then for the one that the last named. */
export async function wholeList<T>(
  page: (at: { continueToken?: string | undefined }) => Promise<ObjectPage<T>>,
): Promise<ObjectPage<T>> {
  const items: T[] = [];
  let next = await page({});
  for (;;) {
    for (const item of next.items) items.push(item);
    if (next.continueToken === undefined) return { ...next, items };
    next = await page({ continueToken: next.continueToken });
  }
}
