#!/usr/bin/env bash
# The network part of a kubelet and its container runtime, for one pod at a
# time: a network namespace as the pod's sandbox, and the real multus, which
# reads the pod and its NADs from the API server and calls the real CNI plugins.
#
#   pod-net.sh node [LINK...]            be the node $NODE until standard input ends; says "ready"
#                                        LINK: BRIDGE[:MTU], ovs:BRIDGE, uplink:NIC
#   pod-net.sh up|check|down NAMESPACE POD        CNI ADD, CHECK, DEL
#   pod-net.sh guest NAMESPACE POD INTERFACE MAC ADDRESS   a guest behind KubeVirt's bridge binding
#   pod-net.sh in-guest NAMESPACE POD COMMAND...  run it there
#   pod-net.sh on COMMAND...             run it on the node
#   pod-net.sh left                      what CNI left on the node, a line each
#   pod-net.sh can                       what this machine lacks, as JSON
#
# up, check and down print {ok, error, ...}. A failed ADD is followed by DEL, as
# a runtime does it. Kubelet's record of devices is there and empty.
# A node is a process with its own network, mount and pid namespace: bridges,
# veths, sandboxes, /run, /var/lib and Open vSwitch are gone when it ends. Only
# multus' calls to the API server leave by the machine's own loopback.
# Environment: NODE, a folder that is absent or empty and goes with the node, not
# below /run or /var/lib; KUBECONFIG.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../binaries.sh"

node=${NODE:+$(realpath -m "$NODE")}
pod_network='{"cniVersion":"1.0.0","name":"default","plugins":[{"type":"ptp","ipam":{"type":"host-local",
  "ranges":[[{"subnet":"10.244.0.0/24"}]],"routes":[{"dst":"0.0.0.0/0"}]}}]}'

# ---- the node ---------------------------------------------------------------
pid() { # of the node's first process
  local pid
  pid=$(cat "$node/pid" 2>/dev/null) && grep -qF "multinic-node $node" "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}
enter() { # -n or nothing, COMMAND...: in the node's mount and pid namespace
  local pid
  pid=$(pid) || die "there is no node $node"
  nsenter -t "$pid" -m -p "$@"
}
on() { enter -n "$@"; }

be_node() {
  local parent plugin link tries
  [[ -x $cni_bin/multus ]] || die "no multus in $cni_bin (run test/real/build)"
  mkdir -p "$node/bin" "$node/pods"
  trap end_node EXIT
  # What multus calls instead of each plugin: the plugin, in the node's network.
  # shellcheck disable=SC2016 # $0 and $@ are that script's own
  printf '#!/bin/sh\nexec nsenter --net=/proc/1/ns/net "%s/${0##*/}" "$@"\n' "$cni_bin" >"$node/bin/.plugin"
  chmod +x "$node/bin/.plugin"
  for plugin in "$cni_bin"/*; do ln -sf .plugin "$node/bin/${plugin##*/}"; done

  # The kernel ends the node with its first process, and that ends with its input.
  # shellcheck disable=SC2016 # as above
  unshare --mount --net --pid --fork --kill-child --mount-proc bash -ec '
    mount -t tmpfs tmpfs /run
    mount -t tmpfs tmpfs /var/lib
    mkdir -p /var/lib/kubelet/device-plugins
    echo "{\"Data\":{\"PodDeviceEntries\":[]}}" >/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint
    ip link set lo up
    exec -a "multinic-node $0" cat >/dev/null' "$node" <&0 >"$node/node.log" 2>&1 &
  parent=$!
  for ((tries = 0; tries < 500; tries++)); do
    pgrep -P "$parent" >"$node/pid" && pid >/dev/null && break
    kill -0 "$parent" 2>/dev/null || break
    sleep 0.02
  done
  pid >/dev/null || die "the node did not start: $(cat "$node/node.log")"
  for link; do
    add_link "$link" >>"$node/links.log" 2>&1 || die "no $link: $(tail -n 5 "$node/links.log")"
  done
  list_left >"$node/before"
  echo ready
  wait "$parent" || true
}

end_node() {
  local first
  if first=$(pid); then
    kill -KILL "$first"
    wait
  fi
  rm -rf "$node"
} 2>/dev/null

add_link() {
  local name=${1#*:}
  case $1 in
    ovs:*)
      [[ -e $node/ovs ]] || start_ovs || return
      on ovs-vsctl add-br "$name" -- set bridge "$name" datapath_type=netdev
      ;;
    uplink:*) # stands for a physical NIC: one end of a veth pair
      on ip link add "$name" type veth peer name "$name-wire" && on ip link set "$name" up && on ip link set "$name-wire" up
      ;;
    *:*) on ip link add "${1%:*}" mtu "$name" type bridge && on ip link set "${1%:*}" up ;;
    *) on ip link add "$1" type bridge && on ip link set "$1" up ;;
  esac
}

start_ovs() { # userspace datapath: no kernel module
  local db=/var/lib/openvswitch.db socket=/run/openvswitch/db.sock
  on mkdir -p /run/openvswitch &&
    on ovsdb-tool create "$db" /usr/share/openvswitch/vswitch.ovsschema &&
    on ovsdb-server --detach --no-chdir --pidfile --log-file="$node/ovsdb.log" --remote="punix:$socket" "$db" &&
    on ovs-vsctl --no-wait init &&
    on ovs-vswitchd --detach --no-chdir --pidfile --log-file="$node/vswitchd.log" "unix:$socket" &&
    touch "$node/ovs"
}

list_left() {
  on ip -o link | awk '{ sub(/[@:].*/, "", $2); print "link " $2 }'
  [[ ! -e $node/ovs ]] || on ovs-vsctl --bare --columns=name list port | sed '/^$/d; s/^/ovs port /'
  on sh -c 'command -v nft >/dev/null && nft list ruleset' | grep -o 'macspoofchk-.*' || true
  on sh -c 'find /var/lib/cni -type f 2>/dev/null' | grep -v 'last_reserved_ip\|/lock$' || true
  on ip netns | sed 's/ .*//; s/^/netns /'
}

can() { # each tried in a network namespace of its own
  local veth="ip link add v0 type veth peer name v1" program missing=() cannot=()
  for program in ip bridge nft ovs-vswitchd ovsdb-server ovs-vsctl ovsdb-tool jq ping nsenter unshare pgrep realpath; do
    [[ -x $(command -v "$program") ]] || missing+=("$program")
  done
  try() { unshare --net sh -ec "$2" >/dev/null 2>&1 || cannot+=("$1"); }
  try namespaces "unshare --mount --pid --fork --mount-proc true"
  try bridge "ip link add br0 type bridge; $veth; ip link set v0 master br0"
  try bridgeVlan "ip link add br0 type bridge vlan_filtering 1; $veth; ip link set v0 master br0; bridge vlan add dev v0 vid 100"
  try bridgeMacSpoofCheck "nft add table bridge t; nft 'add chain bridge t c { type filter hook prerouting priority -300; }'"
  try macvlan "$veth; ip link add m0 link v0 type macvlan mode bridge"
  try tun "test -c /dev/net/tun"
  list() { (($# == 0)) || printf ',"%s"' "$@" | cut -c2-; }
  echo "{\"missingPrograms\": [$(list "${missing[@]}")], \"missingFeatures\": [$(list "${cannot[@]}")]}"
}

# ---- the pod ----------------------------------------------------------------
kube() { "$(binary kubectl)" --kubeconfig "$KUBECONFIG" "$@"; }

cni() { # COMMAND PLUGIN IFNAME < configuration: one call as a container runtime makes it
  enter env CNI_COMMAND="$1" CNI_CONTAINERID="$uid" CNI_NETNS="/run/netns/$netns" CNI_IFNAME="$3" CNI_PATH="$node/bin" \
    CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=$namespace;K8S_POD_NAME=$name;K8S_POD_INFRA_CONTAINER_ID=$uid;K8S_POD_UID=$uid" "$2"
}

loopback() { # COMMAND
  cni "$1" "$node/bin/loopback" lo <<<'{"cniVersion":"1.0.0","name":"cni-loopback","type":"loopback"}' >/dev/null
}

multus() { # COMMAND: result or error in $state/out
  # As libcni does: CHECK and DEL are told what ADD answered, in their own version.
  jq -n --argjson default "$pod_network" --arg kubeconfig "$(realpath "$KUBECONFIG")" --arg node "$node" --slurpfile result "$state/result" '
      {cniVersion: "1.0.0", name: "multus-cni-network", type: "multus", kubeconfig: $kubeconfig, binDir: "\($node)/bin",
       logFile: "\($node)/multus.log", logLevel: "verbose", logToStderr: false, delegates: [$default]}
      | . + ($result[0] // empty | {prevResult: (. + {cniVersion: "1.0.0"} | del(.ips[]?.version))}) // .' >"$state/conf"
  cni "$1" "$cni_bin/multus" eth0 <"$state/conf" >"$state/out" 2>>"$node/multus.stderr"
}

up() {
  local uid
  [[ ! -e $state ]] || die "$namespace/$name is up already"
  uid=$(kube get pod -n "$namespace" "$name" -o 'jsonpath={.metadata.uid}')
  netns=${namespace}_$name
  on ip netns add "$netns"
  mkdir -p "$state"
  echo "$uid" >"$state/uid"
  : >"$state/result"
  loopback ADD
  if ! multus ADD; then
    failed
    multus DEL || say "DEL after the failed ADD: $(<"$state/out")"
    forget
    return
  fi
  mv "$state/out" "$state/result"
  jq -n --slurpfile result "$state/result" --slurpfile links <(in_pod ip -j -d addr) '{ok: true, result: $result[0], links: $links[0]}'
}

check() { if multus CHECK; then echo '{"ok": true}'; else failed; fi; }

down() {
  multus DEL || { failed; return; }
  loopback DEL
  in_pod ip -j link | jq '{ok: true, links: map(.ifname)}'
  forget
}

failed() { jq -n --rawfile out "$state/out" '{ok: false, error: ($out | fromjson? // {msg: $out}).msg}'; }
forget() {
  if on test -e "/run/netns/guest_$netns"; then on ip netns del "guest_$netns"; fi
  on ip netns del "$netns" && rm -r "$state"
}
in_pod() { enter nsenter --net="/run/netns/$netns" "$@"; }

# The pod's interface becomes a port of a bridge with the guest behind it, which
# has the MAC that was asked for; another gets the interface's name, for Multus
# to find (KubeVirt's pkg/network/setup/netpod; there it is a dummy).
guest() { # INTERFACE MAC ADDRESS
  local mtu
  mtu=$(in_pod ip -j link show "$1" | jq '.[0].mtu')
  on ip netns add "guest_$netns" 2>/dev/null || on ip netns exec "guest_$netns" true # another NIC of it came before
  # shellcheck disable=SC2016 # $0 and the others are that script's own
  in_pod sh -ec '
    nic=$0-nic tap=tap$0 bridge=k6t-$0 inside=vm$0
    ip link set "pod$0" down; ip link set "pod$0" name "$nic"; ip link add "pod$0" type bridge
    ip link set "$nic" address "02:ff:$(od -An -N4 -tx1 /dev/urandom | sed "s/^ //; s/ /:/g")"
    ip link add "$bridge" type bridge; ip link add "$tap" mtu "$3" type veth peer name "$inside" mtu "$3"
    for port in "$nic" "$tap"; do ip link set "$port" master "$bridge"; ip link set "$port" up; done
    ip link set "$bridge" up
    ip link set "$inside" address "$1"; ip link set "$inside" netns "guest_$4"
    ip -n "guest_$4" addr add "$2" dev "$inside"; ip -n "guest_$4" link set "$inside" up' "${1#pod}" "$2" "$3" "$mtu" "$netns"
}
in_guest() { enter nsenter --net="/run/netns/guest_$netns" "$@"; }

# ---- commands ---------------------------------------------------------------
command=${1:-}
case $command in
  node) be_node "${@:2}" ;;
  can) can ;;
  on) on "${@:2}" ;;
  left) list_left | grep -vxFf "$node/before" || true ;;
  up | check | down | guest | in-guest)
    namespace=${2:?NAMESPACE} name=${3:?POD}
    state=$node/pods/${namespace}_$name netns=${namespace}_$name
    [[ $command == up ]] || uid=$(cat "$state/uid")
    "${command//-/_}" "${@:4}"
    ;;
  *)
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
