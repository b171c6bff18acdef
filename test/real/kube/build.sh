#!/usr/bin/env bash
# Builds etcd, kube-apiserver, kube-controller-manager and kubectl at the
# versions that go.mod beside this file pins, as far as they are missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source ../binaries.sh

version=$(sed -n 's/^\tk8s\.io\/kubernetes \(v[0-9.]*\).*/\1/p' go.mod)
IFS=. read -r major minor _ <<<"${version#v}"

# Without these the server's /version says v0.0.0-master.
ldflags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  ldflags+=" -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
  ldflags+=" -X $package.gitCommit= -X $package.gitTreeState=clean"
done
stamp=$({ grep -v '^//' go.mod; cat go.sum; echo "$ldflags"; } | sha256sum | cut -d' ' -f1)

build_missing() { # NAME PACKAGE
  if [[ $(binary "$1") == "$bin/$1" ]]; then build "$1" "$2" "$stamp" "$ldflags"; fi
}

build_missing etcd go.etcd.io/etcd/server/v3
build_missing kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
build_missing kubectl k8s.io/kubernetes/cmd/kubectl
build_missing kube-controller-manager k8s.io/kubernetes/cmd/kube-controller-manager
