"""Runs the SAM CLI in its own environment's interpreter, with libyaml instead of Python's parser.

SAM reads and writes template.yaml, which has 4,300 lines, several times for each command. In Python
that is half of a command's time; libyaml, which PyYAML brings, needs a tenth of it.
"""

import sys

import yaml

# Before SAM's modules derive their own classes from these.
yaml.SafeLoader = yaml.CSafeLoader  # type: ignore[misc, assignment]
yaml.SafeDumper = yaml.CSafeDumper  # type: ignore[misc, assignment]

from samcli.cli.main import cli  # type: ignore[import-not-found]  # noqa: E402

sys.exit(cli())
