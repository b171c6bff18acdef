// Lists of any size, read in pages.
import { isKubeError, type KubeError } from "./errors.ts";
import type { ObjectPage, PageOptions } from "./kube-client.ts";

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

/**
 * The objects of a collection as it was at an earlier version, page by page. `exactVersion` of the query is only for the first
 * page: the continueToken has it. @throws KubeError "Expired" or "Gone" if the version was compacted, also between two pages.
 */
export async function* listAtVersion<T>(
  page: (at: Pick<PageOptions, "limit" | "continueToken">) => Promise<ObjectPage<T>>,
): AsyncGenerator<readonly T[]> {
  let continueToken: string | undefined;
  do {
    const next = await page({ limit: pageSize, continueToken });
    yield next.items;
    ({ continueToken } = next);
  } while (continueToken !== undefined);
}
