#!/usr/bin/env bash
# A real kube-apiserver on a real etcd, on loopback, with a fresh data folder.
# No kubelet and no scheduler; of the controllers only those in $controllers.
#
#   cluster.sh up DIR     start; the cluster admin's kubeconfig is DIR/kubeconfig
#   cluster.sh down DIR   end the processes, remove DIR
#
# DIR is absent or empty before `up`; each DIR is a cluster of its own.
# Environment:
#   CRDS            folder of CRDs to install before the controllers start
#                   (the garbage collector sees later ones after up to 30 s)
#   READY_TIMEOUT   seconds to wait for a process (default 120)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../binaries.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../processes.sh"

controllers=garbage-collector-controller,namespace-controller,serviceaccount-controller,root-ca-certificate-publisher-controller,clusterrole-aggregation-controller

# ---- certificates -----------------------------------------------------------
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

cert() { # NAME SUBJECT EXTENSIONS: a key and a certificate signed by the CA
  key "$dir/$1.key"
  openssl req -new -key "$dir/$1.key" -subj "$2" |
    openssl x509 -req -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -CAcreateserial -days 30 \
      -extfile <(echo "$3") -out "$dir/$1.crt" 2>/dev/null
}

certs() {
  key "$dir/ca.key"
  openssl req -x509 -new -key "$dir/ca.key" -subj /CN=multinic-test-ca -days 30 -out "$dir/ca.crt"
  cert apiserver /CN=kube-apiserver \
    "subjectAltName=IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
  cert admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth
  cert front-proxy /CN=front-proxy extendedKeyUsage=clientAuth
  key "$dir/sa.key"
  openssl ec -in "$dir/sa.key" -pubout -out "$dir/sa.pub" 2>/dev/null
}

# ---- processes --------------------------------------------------------------
etcd_and_apiserver() {
  local etcd_port peer_port port
  etcd_port=$(free_port) peer_port=$(free_port) port=$(free_port)
  rm -rf "$dir/etcd"
  start etcd "$(binary etcd)" --name=default --data-dir="$dir/etcd" --unsafe-no-fsync --log-level=warn \
    --listen-client-urls="http://127.0.0.1:$etcd_port" --advertise-client-urls="http://127.0.0.1:$etcd_port" \
    --listen-peer-urls="http://127.0.0.1:$peer_port" --initial-advertise-peer-urls="http://127.0.0.1:$peer_port" \
    --initial-cluster="default=http://127.0.0.1:$peer_port"
  # etcd makes its log once both ports are its own: the apiserver must never
  # come to write into another cluster's etcd.
  wait_for etcd test -d "$dir/etcd/member/wal" || return 1

  start kube-apiserver "$(binary kube-apiserver)" --etcd-servers="http://127.0.0.1:$etcd_port" \
    --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port="$port" \
    --endpoint-reconciler-type=none --service-cluster-ip-range=10.96.0.0/16 \
    --authorization-mode=RBAC --allow-privileged=true --profiling=false --cert-dir="$dir" \
    --tls-cert-file="$dir/apiserver.crt" --tls-private-key-file="$dir/apiserver.key" \
    --client-ca-file="$dir/ca.crt" --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$dir/sa.pub" --service-account-signing-key-file="$dir/sa.key" \
    --requestheader-client-ca-file="$dir/ca.crt" --requestheader-allowed-names=front-proxy \
    --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
    --requestheader-extra-headers-prefix=X-Remote-Extra- \
    --proxy-client-cert-file="$dir/front-proxy.crt" --proxy-client-key-file="$dir/front-proxy.key"
  write_kubeconfig "https://127.0.0.1:$port"
  wait_for kube-apiserver kube get --raw /readyz
}

install_crds() {
  kube apply --server-side -f "$CRDS" >/dev/null &&
    # Again, because kubectl gives up at a CRD whose conditions are still null.
    wait_for kube-apiserver kube wait crd --all --for=condition=Established --timeout=10s
}

controller_manager() {
  start kube-controller-manager "$(binary kube-controller-manager)" --kubeconfig="$dir/kubeconfig" --controllers="$controllers" \
    --leader-elect=false --secure-port=0 --profiling=false --kube-api-qps=200 --kube-api-burst=400 \
    --service-account-private-key-file="$dir/sa.key" --root-ca-file="$dir/ca.crt"
  wait_for kube-controller-manager kube get serviceaccount default -n default
}

kube() { "$(binary kubectl)" --kubeconfig "$dir/kubeconfig" --cache-dir "$dir/cache" --request-timeout 30s "$@"; }

write_kubeconfig() { # SERVER
  cat >"$dir/kubeconfig" <<END
apiVersion: v1
kind: Config
current-context: admin
contexts: [{name: admin, context: {cluster: test, user: admin}}]
clusters:
- name: test
  cluster: {server: "$1", certificate-authority-data: $(base64 -w0 "$dir/ca.crt")}
users:
- name: admin
  user:
    client-certificate-data: $(base64 -w0 "$dir/admin.crt")
    client-key-data: $(base64 -w0 "$dir/admin.key")
END
}

# ---- commands ---------------------------------------------------------------
stop_all() { stop kube-controller-manager kube-apiserver etcd; }

up() {
  local name tries
  for name in etcd kube-apiserver kubectl kube-controller-manager; do
    [[ -x $(binary $name) ]] || die "no $name in $bin (run test/real/build)"
  done
  need openssl openssl
  need setsid util-linux
  empty_folder
  trap stop_all EXIT
  certs
  for ((tries = 1; ; tries++)); do
    ! etcd_and_apiserver || break
    stop_all
    # Somebody took a port in the moment since it was seen free.
    if ((tries > 4)) || ! grep -qs "address already in use" "$dir"/*.log; then die "the API server did not start"; fi
  done
  [[ -z ${CRDS:-} ]] || install_crds || die "the CRDs in $CRDS were not taken"
  controller_manager || die "the controllers did not start"
  trap - EXIT
  say "Kubernetes is ready after $SECONDS s"
}

down() {
  [[ -d $dir ]] || return 0
  dir=$(cd "$dir" && pwd)
  [[ -e $dir/ca.key ]] || die "$dir is not a folder of this script's"
  stop_all
  rm -rf "$dir"
}

case ${1:-} in
  up | down)
    dir=${2:?DIR}
    "$1"
    ;;
  *) die "usage: cluster.sh up|down DIR" ;;
esac
