package main

import (
	"context"
	"encoding/json"
	"io"
	"runtime"
	"slices"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	v1 "kubevirt.io/api/core/v1"
	"kubevirt.io/client-go/kubecli"
	"kubevirt.io/client-go/log"
	cdiv1 "kubevirt.io/containerized-data-importer-api/pkg/apis/core/v1beta1"
	"kubevirt.io/kubevirt/pkg/virt-api/webhooks"
	"kubevirt.io/kubevirt/pkg/virt-api/webhooks/mutating-webhook/mutators"
	"kubevirt.io/kubevirt/pkg/virt-api/webhooks/validating-webhook/admitters"
	virtconfig "kubevirt.io/kubevirt/pkg/virt-config"
	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/components"
)

type cause struct {
	Field   string `json:"field,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message"`
}

// verdict is what a client of the API server would learn.
type verdict struct {
	Allowed bool `json:"allowed"`
	// Stage says who refused: decode, mutating-webhook, crd-schema or validating-webhook.
	Stage    string   `json:"stage,omitempty"`
	Code     int32    `json:"code,omitempty"`
	Message  string   `json:"message,omitempty"`
	Causes   []cause  `json:"causes,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// Pruned lists fields that the CRD does not know and the API server drops.
	Pruned []string `json:"pruned,omitempty"`
}

// judge repeats what happens to a VirtualMachine between the client and etcd:
// pruning, KubeVirt's mutating webhook, the CRD schema, KubeVirt's validating webhook.
type judge struct {
	structural *schema.Structural
	validator  validation.SchemaValidator
	mutator    *mutators.VMsMutator
	admitter   *admitters.VMsAdmitter
}

func newJudge(kv *v1.KubeVirt) (*judge, error) {
	log.Log.SetIOWriter(io.Discard)
	crd, err := components.NewVirtualMachineCrd()
	if err != nil {
		return nil, err
	}
	internal := &apiextensions.JSONSchemaProps{}
	if err := extv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
		crd.Spec.Versions[0].Schema.OpenAPIV3Schema, internal, nil); err != nil {
		return nil, err
	}
	j := &judge{}
	if j.structural, err = schema.NewStructural(internal); err != nil {
		return nil, err
	}
	if j.validator, _, err = validation.NewSchemaValidator(internal); err != nil {
		return nil, err
	}

	crds, kubeVirts := fakeInformer(&extv1.CustomResourceDefinition{}), fakeInformer(&v1.KubeVirt{})
	if err := kubeVirts.GetStore().Add(kv); err != nil {
		return nil, err
	}
	config, err := virtconfig.NewClusterConfigWithCPUArch(crds, kubeVirts, kv.Namespace, runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	// Only instance types, preferences and DataVolumeTemplates make the webhooks ask the API server.
	client, err := kubecli.GetKubevirtClientFromRESTConfig(&rest.Config{Host: "https://127.0.0.1:1"})
	if err != nil {
		return nil, err
	}
	j.mutator = mutators.NewVMsMutator(config, client)
	j.admitter = admitters.NewVMsAdmitter(config, client, &webhooks.Informers{
		DataSourceInformer: fakeInformer(&cdiv1.DataSource{}),
		NamespaceInformer:  fakeInformer(&corev1.Namespace{}),
	}, webhooks.KubeVirtServiceAccounts(kv.Namespace))
	return j, nil
}

func fakeInformer(of k8sruntime.Object) cache.SharedIndexInformer {
	return cache.NewSharedIndexInformer(&cache.ListWatch{}, of, 0, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
}

// newKubeVirt is an installed KubeVirt with the given configuration.
func newKubeVirt(config v1.KubeVirtConfiguration) *v1.KubeVirt {
	return &v1.KubeVirt{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1.GroupVersion.String(), Kind: "KubeVirt"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "kubevirt", Name: "kubevirt", ResourceVersion: "1"},
		Spec:       v1.KubeVirtSpec{Configuration: config},
		Status:     v1.KubeVirtStatus{Phase: v1.KubeVirtPhaseDeployed, DefaultArchitecture: runtime.GOARCH},
	}
}

// judge gives the verdict on creating object or, with an old object, on updating old to object.
func (j *judge) judge(object, old map[string]any) (verdict, error) {
	object = k8sruntime.DeepCopyJSON(object)
	pruned := pruning.PruneWithOptions(object, j.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.PruneNonNullableNullsWithoutDefaults(object, j.structural)
	out := verdict{Pruned: pruned}

	review, err := newReview(object, old)
	if err != nil {
		return out, err
	}
	mutated := j.mutator.Mutate(review)
	if !mutated.Allowed {
		return refused(out, "mutating-webhook", mutated.Result), nil
	}
	if len(mutated.Patch) > 0 {
		patch, err := jsonpatch.DecodePatch(mutated.Patch)
		if err != nil {
			return out, err
		}
		raw, err := patch.Apply(review.Request.Object.Raw)
		if err != nil {
			return out, err
		}
		if object, err = decodeObject(raw); err != nil {
			return out, err
		}
		pruning.Prune(object, j.structural, true)
		if review, err = newReview(object, old); err != nil {
			return out, err
		}
	}

	if errs := validation.ValidateCustomResource(nil, object, j.validator); len(errs) > 0 {
		slices.SortStableFunc(errs, func(a, b *field.Error) int { return strings.Compare(a.Field, b.Field) })
		name, _ := object["metadata"].(map[string]any)["name"].(string)
		return refused(out, "crd-schema", &apierrors.NewInvalid(v1.VirtualMachineGroupVersionKind.GroupKind(), name, errs).ErrStatus), nil
	}

	response := j.admitter.Admit(context.Background(), review)
	out.Warnings = append(mutated.Warnings, response.Warnings...)
	if !response.Allowed {
		return refused(out, "validating-webhook", response.Result), nil
	}
	out.Allowed = true
	return out, nil
}

func refused(out verdict, stage string, status *metav1.Status) verdict {
	out.Stage, out.Code, out.Message = stage, status.Code, status.Message
	if status.Details != nil {
		for _, c := range status.Details.Causes {
			out.Causes = append(out.Causes, cause{Field: c.Field, Reason: string(c.Type), Message: c.Message})
		}
	}
	return out
}

func newReview(object, old map[string]any) (*admissionv1.AdmissionReview, error) {
	request := &admissionv1.AdmissionRequest{
		UID:       "judge",
		Kind:      metav1.GroupVersionKind{Group: v1.VirtualMachineGroupVersionKind.Group, Version: "v1", Kind: "VirtualMachine"},
		Resource:  metav1.GroupVersionResource{Group: v1.VirtualMachineGroupVersionKind.Group, Version: "v1", Resource: "virtualmachines"},
		Operation: admissionv1.Create,
		UserInfo:  authenticationv1.UserInfo{Username: "judge"},
	}
	if meta, ok := object["metadata"].(map[string]any); ok {
		request.Name, _ = meta["name"].(string)
		request.Namespace, _ = meta["namespace"].(string)
	}
	var err error
	if request.Object.Raw, err = json.Marshal(object); err != nil {
		return nil, err
	}
	if old != nil {
		request.Operation = admissionv1.Update
		if request.OldObject.Raw, err = json.Marshal(old); err != nil {
			return nil, err
		}
	}
	return &admissionv1.AdmissionReview{Request: request}, nil
}
