package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	v1 "kubevirt.io/api/core/v1"
)

// A review asks for the verdict on an update, or under another configuration.
type review struct {
	Kind          string                    `json:"kind"`
	ID            string                    `json:"id"`
	Object        map[string]any            `json:"object"`
	OldObject     map[string]any            `json:"oldObject"`
	Configuration *v1.KubeVirtConfiguration `json:"configuration"`
}

// runAdmit reads documents: VirtualMachine objects, and objects of kind Review.
func runAdmit(args []string) error {
	flags := flag.NewFlagSet("admit", flag.ExitOnError)
	var configs configFlags
	configs.register(flags)
	lines := flags.Bool("lines", false, "stdin is one JSON document a line; each is answered at once, so that one process can serve many questions")
	if err := flags.Parse(args); err != nil {
		return err
	}
	config, err := configs.configuration()
	if err != nil {
		return err
	}
	a := &asker{config: config, judges: map[string]*judge{}, out: json.NewEncoder(os.Stdout)}
	a.out.SetEscapeHTML(false)
	if *lines {
		scanner := bufio.NewScanner(os.Stdin)
		scanner.Buffer(nil, 16<<20)
		for scanner.Scan() {
			if err := a.ask(scanner.Bytes()); err != nil {
				return err
			}
		}
		return scanner.Err()
	}
	inputs := []io.Reader{os.Stdin}
	if flags.NArg() > 0 {
		inputs = nil
		for _, name := range flags.Args() {
			f, err := os.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			inputs = append(inputs, f)
		}
	}
	for _, input := range inputs {
		decoder := utilyaml.NewYAMLOrJSONDecoder(input, 4096)
		for {
			var raw json.RawMessage
			if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
			if err := a.ask(raw); err != nil {
				return err
			}
		}
	}
	return nil
}

type asker struct {
	config v1.KubeVirtConfiguration
	judges map[string]*judge
	out    *json.Encoder
}

func (a *asker) judge(config v1.KubeVirtConfiguration) (*judge, error) {
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	if a.judges[string(raw)] == nil {
		if a.judges[string(raw)], err = newJudge(newKubeVirt(config)); err != nil {
			return nil, err
		}
	}
	return a.judges[string(raw)], nil
}

func (a *asker) ask(raw []byte) error {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	doc, err := decodeObject(raw)
	if err != nil {
		return err
	}
	r := review{Object: doc}
	config := a.config
	switch doc["kind"] {
	case "VirtualMachine":
	case "Review":
		r.Object = nil
		if err := json.Unmarshal(raw, &r); err != nil {
			return err
		}
		// Once more for numbers as the API server reads them.
		r.Object, _ = doc["object"].(map[string]any)
		r.OldObject, _ = doc["oldObject"].(map[string]any)
		if r.Object == nil {
			return fmt.Errorf("a document of kind Review needs an object")
		}
		if r.Configuration != nil {
			config = *r.Configuration
		}
	default: // NADs, Secrets and so on pass KubeVirt unseen.
		return nil
	}
	j, err := a.judge(config)
	if err != nil {
		return err
	}
	v, err := j.judge(r.Object, r.OldObject)
	if err != nil {
		return err
	}
	u := unstructured.Unstructured{Object: r.Object}
	return a.out.Encode(struct {
		ID        string `json:"id,omitempty"`
		Namespace string `json:"namespace,omitempty"`
		Name      string `json:"name"`
		verdict
	}{r.ID, u.GetNamespace(), u.GetName(), v})
}

// decodeObject reads JSON with whole numbers as int64, as the API server does.
func decodeObject(raw []byte) (map[string]any, error) {
	u := map[string]any{}
	if err := utiljson.Unmarshal(raw, &u); err != nil {
		return nil, err
	}
	return u, nil
}
