package main

import (
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/components"
)

// writeKubeconfigs makes one kubeconfig for each KubeVirt process: the admin's
// credentials, acting as the process's own service account, because KubeVirt's
// webhooks and RBAC treat these accounts apart.
func writeKubeconfigs(kubeconfig, state string) error {
	for name, account := range map[string]string{
		"virt-api":        components.ApiServiceAccountName,
		"virt-controller": components.ControllerServiceAccountName,
		"virt-handler":    components.HandlerServiceAccountName,
	} {
		config, err := clientcmd.LoadFromFile(kubeconfig)
		if err != nil {
			return err
		}
		if err := clientcmdapi.FlattenConfig(config); err != nil {
			return err
		}
		for _, user := range config.AuthInfos {
			user.Impersonate = "system:serviceaccount:" + kubevirtNamespace + ":" + account
			user.ImpersonateGroups = []string{"system:serviceaccounts", "system:serviceaccounts:" + kubevirtNamespace, "system:authenticated"}
		}
		if err := clientcmd.WriteToFile(*config, filepath.Join(state, name+".kubeconfig")); err != nil {
			return err
		}
	}
	return nil
}
