#!/usr/bin/env bash
# KubeVirt's control plane beside an API server that has the CRDs: RBAC,
# webhooks, a KubeVirt CR, and virt-api and virt-controller on loopback.
#
#   kubevirt.sh up DIR FLAG...   install on $KUBECONFIG (cluster admin) with these
#                                flags, such as -binding macvtap=tap; start
#   kubevirt.sh down DIR         end the processes, remove DIR (the objects stay)
#
# DIR is absent or empty before `up`. READY_TIMEOUT as in cluster.sh.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../binaries.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../processes.sh"

program=$bin/multinic-kubevirt

stop_all() { stop virt-controller virt-api; }

leads() { curl -sk "https://127.0.0.1:$1/leader" | grep -q '"leader":.*"true"'; }

up() { # FLAG...
  [[ -x $program ]] || die "no $program (run test/real/build)"
  [[ -n ${KUBECONFIG:-} ]] || die "KUBECONFIG is not set"
  need curl curl
  empty_folder
  trap stop_all EXIT
  local api_port controller_port certs=$dir/certs
  export TMPDIR=$dir/tmp # they leave folders behind
  mkdir "$TMPDIR"
  api_port=$(free_port) controller_port=$(free_port)
  "$program" install -state "$dir" -virt-api "127.0.0.1:$api_port" "$@"
  start virt-api "$program" virt-api --kubeconfig "$dir/virt-api.kubeconfig" --listen 127.0.0.1 --port "$api_port" \
    --tls-cert-file "$certs/tls.crt" --tls-key-file "$certs/tls.key" \
    --handler-cert-file "$certs/tls.crt" --handler-key-file "$certs/tls.key"
  start virt-controller "$program" virt-controller --kubeconfig "$dir/virt-controller.kubeconfig" --listen 127.0.0.1 --port "$controller_port" \
    --prom-cert-file "$certs/tls.crt" --prom-key-file "$certs/tls.key" --launcher-image virt-launcher:none
  wait_for virt-api curl -skf "https://127.0.0.1:$api_port/healthz" || die "virt-api did not start"
  wait_for virt-controller leads "$controller_port" || die "virt-controller did not start"
  trap - EXIT
  say "KubeVirt is ready after $SECONDS s"
}

down() {
  [[ -d $dir ]] || return 0
  dir=$(cd "$dir" && pwd)
  [[ -e $dir/virt-api.kubeconfig || -z $(ls -A "$dir") ]] || die "$dir is not a folder of this script's"
  stop_all
  rm -rf "$dir"
}

command=${1:-}
case $command in
  up | down)
    dir=${2:?DIR}
    shift 2
    "$command" "$@"
    ;;
  *) die "usage: kubevirt.sh up DIR FLAG... | down DIR" ;;
esac
