package main

import (
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"

	v1 "kubevirt.io/api/core/v1"
	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/components"
	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/rbac"
)

const kubevirtNamespace = "kubevirt"

// runInstall does virt-operator's part, as far as virt-api and virt-controller
// need it, for processes that run beside the API server instead of in pods. The CRDs are there already.
func runInstall(args []string) error {
	flags := flag.NewFlagSet("install", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", os.Getenv("KUBECONFIG"), "API server to install on, as cluster admin")
	state := flags.String("state", "", "folder for certificates and kubeconfigs (required)")
	virtAPI := flags.String("virt-api", "127.0.0.1:8443", "where virt-api will listen")
	var configs configFlags
	configs.register(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *state == "" || *kubeconfig == "" {
		return errors.New("-state and -kubeconfig are required")
	}
	config, err := configs.configuration()
	if err != nil {
		return err
	}
	host, port, ok := strings.Cut(*virtAPI, ":")
	if !ok {
		return fmt.Errorf("-virt-api %q: want HOST:PORT", *virtAPI)
	}
	// Their own folder: KubeVirt watches it, and reloads at every write to any file in it.
	caPEM, err := writeCertificates(filepath.Join(*state, "certs"), host)
	if err != nil {
		return err
	}
	if err := writeKubeconfigs(*kubeconfig, *state); err != nil {
		return err
	}
	a, err := newApplier(*kubeconfig)
	if err != nil {
		return err
	}

	objects := []k8sruntime.Object{
		&corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: kubevirtNamespace}},
	}
	objects = append(objects, rbac.GetAllCluster()...)
	objects = append(objects, rbac.GetAllApiServer(kubevirtNamespace)...)
	objects = append(objects, rbac.GetAllController(kubevirtNamespace, true)...)
	objects = append(objects, rbac.GetAllHandler(kubevirtNamespace)...)
	for _, cm := range components.NewCAConfigMaps(kubevirtNamespace) {
		cm.Data = map[string]string{components.CABundleKey: string(caPEM)}
		objects = append(objects, cm)
	}
	kv := newKubeVirt(config)
	kv.ResourceVersion = ""
	kv.Spec.WorkloadUpdateStrategy.WorkloadUpdateMethods = []v1.WorkloadUpdateMethod{v1.WorkloadUpdateMethodLiveMigrate}
	objects = append(objects, kv)
	// Subresources (start, stop, restart) reach virt-api through the API server's aggregator.
	// It goes to a Service only; an ExternalName is how a Service names a process outside pods.
	objects = append(objects, &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Namespace: kubevirtNamespace, Name: components.VirtApiServiceName},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"},
	})
	for _, service := range components.NewVirtAPIAPIServices(kubevirtNamespace) {
		service.Spec.CABundle = caPEM
		var n int32
		if _, err := fmt.Sscan(port, &n); err != nil {
			return err
		}
		service.Spec.Service.Port = &n
		objects = append(objects, service)
	}
	for _, o := range objects {
		if err := a.apply(o); err != nil {
			return err
		}
	}
	if err := a.applyStatus(kv); err != nil {
		return err
	}
	return a.applyWebhooks(host+":"+port, caPEM)
}

func (a *applier) applyWebhooks(address string, caPEM []byte) error {
	point := func(c *admissionregistrationv1.WebhookClientConfig) {
		u := url.URL{Scheme: "https", Host: address, Path: *c.Service.Path}
		c.URL, c.Service, c.CABundle = new(u.String()), nil, caPEM
	}
	mutating := []*admissionregistrationv1.MutatingWebhookConfiguration{
		components.NewVirtAPIMutatingWebhookConfiguration(kubevirtNamespace),
		components.NewVirtLauncherPodMutatingWebhookConfiguration(kubevirtNamespace),
	}
	for _, m := range mutating {
		for i := range m.Webhooks {
			point(&m.Webhooks[i].ClientConfig)
		}
		if err := a.apply(m); err != nil {
			return err
		}
	}
	validating := components.NewVirtAPIValidatingWebhookConfiguration(kubevirtNamespace)
	for i := range validating.Webhooks {
		point(&validating.Webhooks[i].ClientConfig)
	}
	return a.apply(validating)
}
