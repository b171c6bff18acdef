// The program with KubeVirt's own code, as test/real/run names it.

/** Its path; undefined if it has not been built. */
export const builtProgram = process.env["MULTINIC_KUBEVIRT"] || undefined;

/** Its path. @throws Error saying how to get it. */
export function kubeVirtProgram(): string {
  if (builtProgram === undefined) {
    throw new Error(
      'MULTINIC_KUBEVIRT is not set: eval "$(test/real/run up DIR)" builds the program and sets it',
    );
  }
  return builtProgram;
}
