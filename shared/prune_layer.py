"""Cuts an installed layer down to what the functions read at run time.

Runs while the layer is built (see the Makefile) and is not part of it. Why, at what price and how
to undo it: docs/decisions/0004-prune-the-layer.md.
"""

import json
import shutil
import sys
from gzip import decompress
from pathlib import Path
from typing import Any

# Whom the functions call. A client of any other service is refused: UnknownServiceError.
SERVICES = frozenset({"dynamodb", "events", "s3", "secretsmanager", "sesv2"})
# Read for every client, whatever its service.
COMMON_MODELS = frozenset(
    {"_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json"}
)

# botocore takes for granted that these carry their documentation.
DOCUMENTED_FOR_GOOD = frozenset({"clientContextParams"})

# Never imported by what the functions use.
UNUSED = (
    "bin",  # command line tools
    "boto3/data",  # boto3.resource(); the code and Powertools use clients only
    "boto3/examples",
    "dateutil/zoneinfo",  # a copy of the time zones; the code knows UTC only
    "dns",  # email-validator asks the DNS only with check_deliverability
    "pydantic/mypy.py",  # a plugin for the type checker
    "pydantic/v1",  # for models written against Pydantic 1
    "urllib3/contrib/emscripten",  # for browsers
    *(
        f"aws_lambda_powertools/utilities/{name}"
        for name in (
            "auth_alpha",
            "circuit_breaker",
            "data_masking",
            "feature_flags",
            "kafka",
            "parameters",
            "streaming",
            "validation",
        )
    ),
)
UNUSED_FILES = ("py.typed", "*.pyi", "*.pyx", "*.c")
# Pydantic looks for email-validator's version, and vulnerability scanners for everyone's.
READ_METADATA = "METADATA"


def main(layer: Path) -> None:
    for name in UNUSED:
        remove(layer / name)
    for pattern in UNUSED_FILES:
        for file in layer.rglob(pattern):
            file.unlink()
    for metadata in layer.glob("*.dist-info"):
        keep_only_the_headers(metadata)
    keep_only_the_services(layer / "botocore" / "data")


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def keep_only_the_headers(dist_info: Path) -> None:
    """Names and versions stay; the read-me that follows them, hashes and licence texts go."""
    headers = (dist_info / READ_METADATA).read_text(encoding="utf-8").partition("\n\n")[0]
    shutil.rmtree(dist_info)
    dist_info.mkdir()
    (dist_info / READ_METADATA).write_text(headers + "\n\n", encoding="utf-8")


def keep_only_the_services(models: Path) -> None:
    for entry in models.iterdir():
        if entry.name not in SERVICES | COMMON_MODELS:
            remove(entry)
    missing = SERVICES - {entry.name for entry in models.iterdir()}
    if missing:
        raise SystemExit(f"botocore knows no service named {', '.join(sorted(missing))}")

    prefixes = {rewrite_service(models / service) for service in SERVICES}
    write_json(
        models / "endpoints.json",
        without_other_services(read_json(models / "endpoints.json"), prefixes),
    )


def rewrite_service(service: Path) -> str:
    """Keeps the newest version, unpacked and undocumented; returns its endpoint prefix."""
    *older, newest = sorted(service.iterdir())
    for version in older:
        remove(version)
    for model in list(newest.iterdir()):
        content = read_json(model)
        remove(model)
        if not model.name.startswith("examples-"):
            write_json(newest / model.name.removesuffix(".gz"), without_documentation(content))
    prefix: str = read_json(newest / "service-2.json")["metadata"]["endpointPrefix"]
    return prefix


def without_documentation(model: Any) -> Any:
    """Drops the texts only: a member that is called documentation is a shape, not a string."""
    if isinstance(model, list):
        return [without_documentation(item) for item in model]
    if not isinstance(model, dict):
        return model
    return {
        key: value if key in DOCUMENTED_FOR_GOOD else without_documentation(value)
        for key, value in model.items()
        if not (key == "documentation" and isinstance(value, str))
    }


def without_other_services(endpoints: dict[str, Any], prefixes: set[str]) -> dict[str, Any]:
    partitions = [
        {
            **partition,
            "services": {
                name: it for name, it in partition["services"].items() if name in prefixes
            },
        }
        for partition in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def read_json(path: Path) -> Any:
    content = path.read_bytes()
    return json.loads(decompress(content) if path.suffix == ".gz" else content)


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
