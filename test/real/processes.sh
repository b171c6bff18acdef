# Processes that belong to one folder, $dir; sourced after binaries.sh. The
# folder appears in each one's command line, by which it is known again.

free_port() { # below the range that the kernel hands out for outgoing calls
  local port
  while port=$((20000 + RANDOM % 12000)); (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

start() { # NAME COMMAND...: its pid goes to $dir/NAME.pid, its output to $dir/NAME.log
  local name=$1
  shift
  setsid "$@" </dev/null >"$dir/$name.log" 2>&1 &
  echo $! >"$dir/$name.pid"
}

ours() { # PID: still running, and started for this folder (a pid may be reused)
  tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -qF "$dir/"
}

stop() { # NAME...: ends them one after another
  local name pid tries
  for name; do
    [[ -s $dir/$name.pid ]] || continue
    pid=$(<"$dir/$name.pid")
    for ((tries = 0; tries < 150; tries++)); do
      ours "$pid" || break
      if ((tries == 0)); then kill "$pid" || true; fi
      if ((tries == 100)); then kill -KILL "$pid" || true; fi
      sleep 0.1
    done
    rm -f "$dir/$name.pid"
  done
}

wait_for() { # NAME COMMAND...: until COMMAND succeeds; fails when NAME ends, or after READY_TIMEOUT seconds
  local name=$1 until=$((SECONDS + ${READY_TIMEOUT:-120}))
  shift
  until "$@" >/dev/null 2>&1; do
    if ! kill -0 "$(<"$dir/$name.pid")" 2>/dev/null; then
      say "$name ended; the end of its log:"
    elif ((SECONDS >= until)); then
      say "$name is not ready after ${READY_TIMEOUT:-120} s; the end of its log:"
    else
      sleep 0.1
      continue
    fi
    tail -n 5 "$dir/$name.log" >&2
    return 1
  done
}

empty_folder() { # makes $dir, absolute; refuses one with something in it
  umask 077
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd)
  [[ -z $(ls -A "$dir") ]] || die "$dir is not empty"
}
