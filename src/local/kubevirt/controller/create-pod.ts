// Creating a pod whose name stands for what it is for, so that a second attempt cannot make a second pod.
import { isKubeError } from "../../../kube/errors.ts";
import type { FullKubeClient } from "../../../kube/kube-client.ts";
import { pods, type Pod } from "../resources.ts";
import { fieldManager } from "./context.ts";

/** @returns the pod as stored: the new one, or the one of an earlier attempt. */
export async function createPodOnce(client: FullKubeClient, pod: Pod): Promise<Pod> {
  try {
    return await client.create(pods, pod, { fieldManager });
  } catch (error) {
    if (!isKubeError(error, "AlreadyExists")) throw error;
    return await client.get(pods, pod.metadata);
  }
}
