# Where the binaries are; sourced by the other scripts. As with envtest,
# KUBEBUILDER_ASSETS may name a folder with etcd, kube-apiserver and kubectl
# (and kube-controller-manager); what it lacks is built into $bin.
bin=${XDG_CACHE_HOME:-$HOME/.cache}/multinic-real/bin
cni_bin=${bin%/*}/cni # multus and the CNI plugins: multus takes every program of the folder for one

say() { echo "test/real: $*" >&2; }
die() { say "$*"; exit 1; }

binary() { # NAME: its path, there or not
  if [[ -n ${KUBEBUILDER_ASSETS:-} && -x $KUBEBUILDER_ASSETS/$1 ]]; then echo "$KUBEBUILDER_ASSETS/$1"; else echo "$bin/$1"; fi
}

need() { # COMMAND PACKAGE
  command -v "$1" >/dev/null || die "$1 is missing (package $2)"
}

# build NAME PACKAGE STAMP LDFLAGS: builds PACKAGE of the module in the current
# folder, unless NAME is there with this STAMP. A second build of the same
# folder waits, then finds the work done.
build() {
  local name=$1 start=$SECONDS lock
  need flock util-linux
  mkdir -p "$bin"
  exec {lock}>"$bin/.lock.$name"
  flock "$lock"
  if [[ -x $bin/$name && $(cat "$bin/.$name.stamp" 2>/dev/null) == "$3" ]]; then
    say "$name is up to date"
  else
    command -v go >/dev/null || die "Go is missing: $name is built from source and needs Go 1.26 or later (https://go.dev/dl)"
    go list -m >/dev/null || die "Go 1.26 or later is needed, this is $(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null || go version)"
    say "building $name (minutes the first time, seconds later) ..."
    CGO_ENABLED=0 GOWORK=off go build -mod=readonly -buildvcs=false -trimpath -ldflags "$4" -o "$bin/.$name.new" "$2"
    mv "$bin/.$name.new" "$bin/$name"
    echo "$3" >"$bin/.$name.stamp"
    say "built $name: $((SECONDS - start)) s, $(($(stat -c %s "$bin/$name") >> 20)) MiB"
  fi
  exec {lock}>&-
}
