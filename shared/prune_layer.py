"""Removes from an installed layer what the functions never read at run time.

The Makefile runs this while it builds the layer; the layer itself does not contain it. See
docs/decisions/0004-prune-the-layer.md for the reasons, the price and how to undo it.
"""

import json
import shutil
import sys
from gzip import decompress
from pathlib import Path
from typing import Any

# The services that the functions call. A client of another one raises UnknownServiceError.
SERVICES = frozenset({"dynamodb", "events", "s3", "secretsmanager", "sesv2", "sqs"})
# botocore reads these for every client.
COMMON_MODELS = frozenset(
    {"_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json"}
)

# botocore requires the documentation of these.
KEEPS_DOCUMENTATION = frozenset({"clientContextParams"})

# The functions never import these.
UNUSED = (
    "bin",  # command line tools
    "boto3/data",  # for boto3.resource(); the code and Powertools use clients only
    "boto3/examples",
    "dateutil/zoneinfo",  # time zones; the code uses UTC only
    "dns",  # email-validator uses it only with check_deliverability
    "pydantic/mypy.py",  # a plugin of mypy
    "pydantic/v1",  # for models of Pydantic 1
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
# Pydantic reads email-validator's version, and vulnerability scanners read all versions.
READ_METADATA = "METADATA"


def main(layer: Path) -> None:
    for name in UNUSED:
        remove(layer / name)
    for pattern in UNUSED_FILES:
        for file in layer.rglob(pattern):
            file.unlink()
    for metadata in layer.glob("*.dist-info"):
        keep_metadata_headers(metadata)
    keep_used_services(layer / "botocore" / "data")


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def keep_metadata_headers(dist_info: Path) -> None:
    """Keeps names and versions; removes READMEs, hashes and licence texts."""
    headers = (dist_info / READ_METADATA).read_text(encoding="utf-8").partition("\n\n")[0]
    shutil.rmtree(dist_info)
    dist_info.mkdir()
    (dist_info / READ_METADATA).write_text(headers + "\n\n", encoding="utf-8")


def keep_used_services(models: Path) -> None:
    for entry in models.iterdir():
        if entry.name not in SERVICES | COMMON_MODELS:
            remove(entry)
    missing = SERVICES - {entry.name for entry in models.iterdir()}
    if missing:
        raise SystemExit(f"botocore has no model of {', '.join(sorted(missing))}")

    prefixes = {rewrite_service(models / service) for service in SERVICES}
    write_json(
        models / "endpoints.json",
        without_other_services(read_json(models / "endpoints.json"), prefixes),
    )


def rewrite_service(service: Path) -> str:
    """Keeps the newest version, uncompressed and without texts. Returns its endpoint prefix."""
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
    """Drops texts only: a member named documentation is a shape, not a string."""
    if isinstance(model, list):
        return [without_documentation(item) for item in model]
    if not isinstance(model, dict):
        return model
    return {
        key: value if key in KEEPS_DOCUMENTATION else without_documentation(value)
        for key, value in model.items()
        if not (key == "documentation" and isinstance(value, str))
    }


def without_other_services(endpoints: dict[str, Any], prefixes: set[str]) -> dict[str, Any]:
    partitions = [
        {
            **partition,
            "services": {
                name: service for name, service in partition["services"].items() if name in prefixes
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
