package main

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

// applier writes objects of any kind by server-side apply, as virt-operator.
type applier struct {
	client dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

func newApplier(kubeconfig string) (*applier, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 200, 200
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return &applier{client: client, mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco))}, nil
}

func (a *applier) apply(o k8sruntime.Object) error {
	content, err := k8sruntime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return err
	}
	dropNulls(content)
	delete(content, "status")
	u := &unstructured.Unstructured{Object: content}
	resource, err := a.resource(u)
	if err != nil {
		return err
	}
	if _, err = resource.Apply(context.Background(), u.GetName(), u, metav1.ApplyOptions{FieldManager: "virt-operator", Force: true}); err != nil {
		return fmt.Errorf("%s %s: %w", u.GetKind(), u.GetName(), err)
	}
	return nil
}

// applyStatus sets the status that o holds; the object itself must be there.
func (a *applier) applyStatus(o k8sruntime.Object) error {
	content, err := k8sruntime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return err
	}
	dropNulls(content)
	delete(content, "spec")
	u := &unstructured.Unstructured{Object: content}
	resource, err := a.resource(u)
	if err != nil {
		return err
	}
	_, err = resource.ApplyStatus(context.Background(), u.GetName(), u, metav1.ApplyOptions{FieldManager: "virt-operator", Force: true})
	return err
}

func (a *applier) resource(u *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	gvk := u.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return a.client.Resource(mapping.Resource).Namespace(u.GetNamespace()), nil
	}
	return a.client.Resource(mapping.Resource), nil
}

// dropNulls removes what Go's encoder adds for absent times and no client sends.
func dropNulls(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			if child == nil {
				delete(v, key)
			}
			dropNulls(child)
		}
	case []any:
		for _, child := range v {
			dropNulls(child)
		}
	}
}
