"""Runs the SAM CLI in its own environment's interpreter, with less work and the same result.

- libyaml replaces Python's YAML parser. SAM reads and writes template.yaml, which has 4,300 lines,
  several times for each command.
- All functions have the same folder of code, so `sam deploy` packs and uploads it once. SAM would
  pack it for each function, and upload it once.
- Code and layers are compressed fast: they stay on this machine.
"""

import sys
import zipfile
import zlib
from functools import cache
from types import SimpleNamespace
from typing import Any

import yaml

# Before SAM's modules derive their own classes from these.
yaml.SafeLoader = yaml.CSafeLoader  # type: ignore[misc, assignment]
yaml.SafeDumper = yaml.CSafeDumper  # type: ignore[misc, assignment]

from samcli.cli.main import cli  # type: ignore[import-not-found]  # noqa: E402

if "deploy" in sys.argv:
    from samcli.lib.package import utils  # type: ignore[import-not-found]

    class FastZipFile(zipfile.ZipFile):
        def writestr(
            self,
            zinfo_or_arcname: Any,
            data: Any,
            compress_type: int | None = None,
            compresslevel: int | None = zlib.Z_BEST_SPEED,
        ) -> None:
            super().writestr(zinfo_or_arcname, data, compress_type, compresslevel)

    utils.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": FastZipFile})
    utils.zip_and_upload = cache(utils.zip_and_upload)

sys.exit(cli())
