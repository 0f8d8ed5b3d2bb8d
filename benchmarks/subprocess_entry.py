"""`python -m benchmarks.subprocess_entry module:function ANSWER ARGUMENTS`: the other end of `children.ask`.

The answer goes to a file, for standard output is where the functions log.
"""

import importlib
import json
import sys
from dataclasses import astuple
from pathlib import Path


def main(question: str, answer: str, arguments: str) -> None:
    module, _, function = question.partition(":")
    found = getattr(importlib.import_module(module), function)(*json.loads(arguments))
    Path(answer).write_text(json.dumps(found, default=astuple))


if __name__ == "__main__":
    main(*sys.argv[1:])
