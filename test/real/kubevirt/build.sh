#!/usr/bin/env bash
# Builds multinic-kubevirt: KubeVirt's virt-api and virt-controller, the judge
# and virt-handler's interface status, in one program.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source ../binaries.sh

stamp=$(find . \( -name '*.go' -o -name 'go.*' \) -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
build multinic-kubevirt . "$stamp" "-s -w"
