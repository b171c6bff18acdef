"""What cloud-init makes of texts of user-data, and of a NoCloud network-config.

Standard input: {"userData": [text, ...], "networkConfig": text}. Standard output: {"parts": [[{"type", "content"}, ...],
...], "disabled": true or false}; contents in base64.
"""
import base64
import json
import sys

import yaml
from cloudinit import helpers, net, user_data, util


def parts(text):
    paths = helpers.Paths({"cloud_dir": "/nonexistent", "run_dir": "/nonexistent"})
    message = user_data.UserDataProcessor(paths).process(text.encode())
    return [
        {
            "type": part.get_content_type(),
            "content": base64.b64encode(util.fully_decoded_payload(part).encode()).decode(),
        }
        for part in message.walk()
        if part.get_content_maintype() != "multipart"
    ]


job = json.load(sys.stdin)
json.dump(
    {
        "parts": [parts(text) for text in job["userData"]],
        "disabled": net.is_disabled_cfg(yaml.safe_load(job["networkConfig"])),
    },
    sys.stdout,
)
