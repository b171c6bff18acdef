package main

import (
	"flag"
	"os"
	"strings"

	"sigs.k8s.io/yaml"

	v1 "kubevirt.io/api/core/v1"
)

// listFlag collects a flag that may be repeated or hold commas.
type listFlag []string

func (l *listFlag) String() string { return strings.Join(*l, ",") }
func (l *listFlag) Set(s string) error {
	*l = append(*l, strings.Split(s, ",")...)
	return nil
}

// configFlags describe the KubeVirt CR that the verdicts are given under.
type configFlags struct {
	file               string
	gates, off, plugin listFlag
}

func (c *configFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&c.file, "kubevirt", "", "file with a KubeVirt CR; its spec.configuration is used")
	flags.Var(&c.gates, "gate", "feature gate to enable (repeatable)")
	flags.Var(&c.off, "disable-gate", "feature gate to disable (repeatable)")
	flags.Var(&c.plugin, "binding", "network binding plugin to register, NAME or NAME=tap|managedTap (repeatable)")
}

func (c *configFlags) configuration() (v1.KubeVirtConfiguration, error) {
	var config v1.KubeVirtConfiguration
	if c.file != "" {
		raw, err := os.ReadFile(c.file)
		if err != nil {
			return config, err
		}
		kv := v1.KubeVirt{}
		if err := yaml.UnmarshalStrict(raw, &kv); err != nil {
			return config, err
		}
		config = kv.Spec.Configuration
	}
	if len(c.gates)+len(c.off) > 0 {
		if config.DeveloperConfiguration == nil {
			config.DeveloperConfiguration = &v1.DeveloperConfiguration{}
		}
		config.DeveloperConfiguration.FeatureGates = append(config.DeveloperConfiguration.FeatureGates, c.gates...)
		config.DeveloperConfiguration.DisabledFeatureGates = append(config.DeveloperConfiguration.DisabledFeatureGates, c.off...)
	}
	for _, plugin := range c.plugin {
		name, attachment, _ := strings.Cut(plugin, "=")
		if config.NetworkConfiguration == nil {
			config.NetworkConfiguration = &v1.NetworkConfiguration{}
		}
		if config.NetworkConfiguration.Binding == nil {
			config.NetworkConfiguration.Binding = map[string]v1.InterfaceBindingPlugin{}
		}
		config.NetworkConfiguration.Binding[name] = v1.InterfaceBindingPlugin{DomainAttachmentType: v1.DomainAttachmentType(attachment)}
	}
	return config, nil
}
