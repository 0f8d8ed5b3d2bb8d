"""Runs the tests of the functions on AWS's own DynamoDB Local instead of moto's DynamoDB."""

import os
import subprocess
import sys

from local.paths import ROOT
from tests.conformance import dynamodb_local, engine

FOLDERS = (
    "tests/auth",
    "tests/authorizer",
    "tests/conformance",
    "tests/files",
    "tests/notifications",
    "tests/orders",
    "tests/products",
    "tests/reference",
    "tests/shared",
)
PROCESSES = "2"


def main(paths: list[str]) -> int:
    try:
        dynamodb_local.require_java()
        folder = dynamodb_local.install()
        with dynamodb_local.running(folder) as url:
            return _run_tests(url, paths or list(FOLDERS))
    except dynamodb_local.Missing as missing:
        sys.stderr.write(f"make conformance: {missing}\n")
        return 1


def _run_tests(url: str, paths: list[str]) -> int:
    sockets = ("--force-enable-socket", "--allow-hosts=127.0.0.1")
    processes = ("--numprocesses", PROCESSES, "--dist", "worksteal")
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pytest", "-p", engine.__name__, *sockets, *processes, *paths],
        cwd=ROOT,
        env=os.environ | {"AWS_ENDPOINT_URL_DYNAMODB": url},
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
