package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	v1 "kubevirt.io/api/core/v1"
	"kubevirt.io/kubevirt/pkg/network/cache"
	netsetup "kubevirt.io/kubevirt/pkg/network/setup"
	"kubevirt.io/kubevirt/pkg/virt-launcher/virtwrap/api"
)

// sighting is what a virt-handler knows of one VMI at one moment.
type sighting struct {
	ID  string                    `json:"id"`
	VMI v1.VirtualMachineInstance `json:"vmi"`
	// Domain is absent while libvirt has none.
	Domain   *domain                            `json:"domain"`
	Agent    []agentInterface                   `json:"agent"`
	PodCache map[string]cache.PodIfaceCacheData `json:"podCache"`
}

type domain struct {
	Interfaces []struct {
		Alias     string `json:"alias"`
		MAC       string `json:"mac"`
		LinkState string `json:"linkState"` // absent: no <link> element
		Queues    *uint  `json:"queues"`    // absent: no <driver queues=...>
	} `json:"interfaces"`
	HostDevices []struct {
		Alias string `json:"alias"`
	} `json:"hostDevices"`
}

// agentInterface is one NIC in libvirt's guest info.
type agentInterface struct {
	MAC           string   `json:"mac"`
	InterfaceName string   `json:"interfaceName"`
	IP            string   `json:"ip"` // as virt-launcher picks it: the first IPv4 address, else the first
	IPs           []string `json:"ips"`
}

// runNetstat answers each line, a sighting, with the status.interfaces that virt-handler would write.
func runNetstat(in io.Reader, out io.Writer) error {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, 16<<20)
	answers := json.NewEncoder(out)
	answers.SetEscapeHTML(false)
	for scanner.Scan() {
		if len(scanner.Bytes()) == 0 {
			continue
		}
		s := sighting{}
		if err := json.Unmarshal(scanner.Bytes(), &s); err != nil {
			return err
		}
		if err := s.update(); err != nil {
			return fmt.Errorf("%s: %w", s.ID, err)
		}
		interfaces := s.VMI.Status.Interfaces
		if interfaces == nil {
			interfaces = []v1.VirtualMachineInstanceNetworkInterface{}
		}
		if err := answers.Encode(map[string]any{"id": s.ID, "interfaces": interfaces}); err != nil {
			return err
		}
	}
	return scanner.Err()
}

func (s *sighting) update() error {
	netStat := netsetup.NewNetStat()
	// Every NIC is cached, so that no file of this machine is read.
	for _, iface := range s.VMI.Spec.Domain.Devices.Interfaces {
		data := s.PodCache[iface.Name]
		netStat.CachePodInterfaceVolatileData(&s.VMI, iface.Name, &data)
	}
	return netStat.UpdateStatus(&s.VMI, s.libvirtDomain())
}

func (s *sighting) libvirtDomain() *api.Domain {
	if s.Domain == nil {
		return nil
	}
	d := &api.Domain{}
	for _, nic := range s.Domain.Interfaces {
		iface := api.Interface{Alias: api.NewUserDefinedAlias(nic.Alias), MAC: &api.MAC{MAC: nic.MAC}}
		if nic.LinkState != "" {
			iface.LinkState = &api.LinkState{State: nic.LinkState}
		}
		if nic.Queues != nil {
			iface.Driver = &api.InterfaceDriver{Queues: nic.Queues}
		}
		d.Spec.Devices.Interfaces = append(d.Spec.Devices.Interfaces, iface)
	}
	for _, device := range s.Domain.HostDevices {
		d.Spec.Devices.HostDevices = append(d.Spec.Devices.HostDevices, api.HostDevice{Alias: api.NewUserDefinedAlias(device.Alias)})
	}
	for _, nic := range s.Agent {
		d.Status.Interfaces = append(d.Status.Interfaces, api.InterfaceStatus{
			Mac: nic.MAC, InterfaceName: nic.InterfaceName, Ip: nic.IP, IPs: nic.IPs,
		})
	}
	return d
}
