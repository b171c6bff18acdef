// infoSource in status.interfaces, which both virt-controller and virt-handler write.
import { describe, it } from "vitest";
import { addSource, hasSource, multusStatus, removeSource } from "../../src/local/kubevirt/info-source.ts";

describe("infoSource", () => {
  it.for([
    [undefined, "multus-status"],
    ["", "multus-status"],
    ["domain", "domain, multus-status"],
    ["multus-status, domain", "multus-status, domain"],
  ] as const)("%s with Multus added is %s", ([before, after], { expect }) => {
    expect(addSource(before, multusStatus)).toBe(after);
    expect(hasSource(after, multusStatus)).toBe(true);
  });

  it.for([
    [undefined, ""],
    ["multus-status", ""],
    ["domain, guest-agent, multus-status", "domain, guest-agent"],
    ["domain", "domain"],
  ] as const)("%s with Multus removed is %s", ([before, after], { expect }) => {
    expect(removeSource(before, multusStatus)).toBe(after);
    expect(hasSource(after, multusStatus)).toBe(false);
  });
});
