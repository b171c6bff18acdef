package main

import (
	"encoding/json"
	"io"

	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"

	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/components"
)

// writeCRDs writes KubeVirt's CRDs as one List that kubectl takes. They are apart from
// install because the garbage collector sees at once only the kinds that were there before it.
func writeCRDs(w io.Writer) error {
	list := map[string]any{"apiVersion": "v1", "kind": "List"}
	var items []any
	for _, newCRD := range []func() (*extv1.CustomResourceDefinition, error){
		components.NewKubeVirtCrd, components.NewVirtualMachineCrd, components.NewVirtualMachineInstanceCrd,
		components.NewVirtualMachineInstanceMigrationCrd, components.NewMigrationPolicyCrd,
		components.NewPresetCrd, components.NewReplicaSetCrd, components.NewVirtualMachinePoolCrd,
		components.NewVirtualMachineSnapshotCrd, components.NewVirtualMachineSnapshotContentCrd, components.NewVirtualMachineRestoreCrd,
		components.NewVirtualMachineExportCrd, components.NewVirtualMachineCloneCrd,
		components.NewVirtualMachineBackupCrd, components.NewVirtualMachineBackupTrackerCrd,
		components.NewVirtualMachineInstancetypeCrd, components.NewVirtualMachineClusterInstancetypeCrd,
		components.NewVirtualMachinePreferenceCrd, components.NewVirtualMachineClusterPreferenceCrd,
		components.NewPluginCrd,
	} {
		crd, err := newCRD()
		if err != nil {
			return err
		}
		item, err := k8sruntime.DefaultUnstructuredConverter.ToUnstructured(crd)
		if err != nil {
			return err
		}
		dropNulls(item)
		delete(item, "status")
		items = append(items, item)
	}
	list["items"] = items
	return json.NewEncoder(w).Encode(list)
}
