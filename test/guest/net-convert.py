"""Runs `cloud-init devel net-convert` for many network-configs in one process.

Standard input: one JSON array of {"kind", "distro", "text"}. Standard output: {"version", "results"}, each result
{"files": {path: text}} or {"error": text}. Another version of cloud-init than the installed one: PYTHONPATH.
"""
import contextlib
import copy
import io
import json
import os
import sys
import tempfile

from cloudinit import distros, version
from cloudinit.cmd.devel import net_convert


def convert(job):
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "network-config")
        with open(source, "w", encoding="utf-8") as file:
            file.write(job["text"])
        target = os.path.join(folder, "out")
        args = net_convert.get_parser().parse_args(
            ["-p", source, "-k", "yaml", "-d", target, "-D", job["distro"], "-O", job["kind"]]
        )
        # net-convert changes these settings of the class, as it may: it converts but once.
        distro = distros.fetch(job["distro"])
        settings = copy.deepcopy(distro.renderer_configs)
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                net_convert.handle_args("net-convert", args)
        except Exception as error:  # what cloud-init cannot render is a result, not the end of the batch
            return {"error": f"{type(error).__name__}: {error}"}
        finally:
            distro.renderer_configs = settings
        return {"files": read(target)}


def read(folder):
    files = {}
    for path, _, names in os.walk(folder):
        for name in names:
            full = os.path.join(path, name)
            with open(full, encoding="utf-8") as file:
                files[os.path.relpath(full, folder)] = file.read()
    return files


results = [convert(job) for job in json.load(sys.stdin)]
json.dump({"version": version.version_string(), "results": results}, sys.stdout)
