// Command multinic-kubevirt runs KubeVirt's own control-plane code without a
// KubeVirt installation: as an offline judge of VirtualMachine objects, and as
// virt-api and virt-controller processes beside any kube-apiserver.
package main

import (
	"fmt"
	"os"

	"kubevirt.io/client-go/log"
	"kubevirt.io/kubevirt/pkg/service"
	virtapi "kubevirt.io/kubevirt/pkg/virt-api"
	"kubevirt.io/kubevirt/pkg/virt-controller/watch"
)

const usage = `usage: multinic-kubevirt COMMAND [flags]

  admit            judge VirtualMachine documents (stdin or files), one JSON verdict a line
  netstat          status.interfaces by virt-handler's code: one JSON question a line, one answer a line
  crds             print KubeVirt's CRDs
  install          put RBAC, webhooks and a KubeVirt CR on an API server; write certificates and kubeconfigs
  virt-api         KubeVirt's virt-api (admission webhooks, subresources)
  virt-controller  KubeVirt's virt-controller
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	command, args := os.Args[1], os.Args[2:]
	// KubeVirt's processes parse os.Args themselves.
	os.Args = append([]string{command}, args...)

	var err error
	switch command {
	case "admit":
		err = runAdmit(args)
	case "netstat":
		err = runNetstat(os.Stdin, os.Stdout)
	case "crds":
		err = writeCRDs(os.Stdout)
	case "install":
		err = runInstall(args)
	case "virt-api":
		log.InitializeLogging("virt-api")
		app := virtapi.NewVirtApi()
		service.Setup(app.(service.Service))
		app.Execute()
	case "virt-controller":
		watch.Execute()
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, command+":", err)
		os.Exit(1)
	}
}
