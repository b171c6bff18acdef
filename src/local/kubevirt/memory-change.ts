// The condition by which virt-controller asks for more memory and virt-handler says that it is there.
export const memoryChangeType = "MemoryChange";
