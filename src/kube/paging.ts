// Lists of any size, read in pages.
import { isKubeError, type KubeError } from "./errors.ts";
import type { ObjectPage } from "./kube-client.ts";

/** Objects per page of a list, as in client-go. */
export const pageSize = 500;

/** True if a resourceVersion or continue token is too old for the API server. */
export function isExpired(error: unknown): error is KubeError & { readonly reason: "Expired" | "Gone" } {
  return isKubeError(error, "Expired") || isKubeError(error, "Gone");
}

/** All pages as one list. */
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
