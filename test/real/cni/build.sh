#!/usr/bin/env bash
# Builds multus, the CNI plugins that it calls here and ovs-cni, at the versions
# that the .mod files beside this one pin, into one folder: a CNI bin directory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source ../binaries.sh
bin=$cni_bin # where `build` puts them

multus=gopkg.in/k8snetworkplumbingwg/multus-cni.v4
plugins=github.com/containernetworking/plugins
version() { awk -v module="$1" '$1 == module { print $2; exit }' go.mod; }

ldflags="-s -w -X $multus/pkg/multus.version=$(version $multus)"
ldflags+=" -X $plugins/pkg/utils/buildversion.BuildVersion=$(version $plugins)"
stamp=$({ grep -hv '^//' ./*.mod; cat ./*.sum; echo "$ldflags"; } | sha256sum | cut -d' ' -f1)

# Names are what a CNI configuration calls them (`type`).
build multus $multus/cmd/multus "$stamp" "$ldflags"
for name in bridge macvlan loopback ptp; do build $name $plugins/plugins/main/$name "$stamp" "$ldflags"; done
build host-local $plugins/plugins/ipam/host-local "$stamp" "$ldflags"
GOFLAGS=-modfile=ovs.mod build ovs github.com/k8snetworkplumbingwg/ovs-cni/cmd/plugin "$stamp" "$ldflags"
