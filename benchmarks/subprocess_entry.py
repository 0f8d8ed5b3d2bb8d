"""Runs a function for `subprocesses.call_in_subprocess`.

    python -m benchmarks.subprocess_entry module:function RESULT ARGUMENTS

The result goes to a file, because the functions log to standard output.
"""

import importlib
import json
import sys
from dataclasses import astuple
from pathlib import Path


def main(target: str, result_file: str, arguments: str) -> None:
    module, _, function = target.partition(":")
    result = getattr(importlib.import_module(module), function)(*json.loads(arguments))
    Path(result_file).write_text(json.dumps(result, default=astuple))


if __name__ == "__main__":
    main(*sys.argv[1:])
