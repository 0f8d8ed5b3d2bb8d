"""The layer with Stripe's library, as `sam build` makes it on this machine."""

import os
import re
import shutil
import site
import subprocess
import sys
from pathlib import Path

import pytest

from orders.payments.credentials import Credentials
from orders.payments.stripe_provider import StripeProvider
from shared.money import Money
from tests.support import stripe_api

ROOT = Path(__file__).parents[3]
LAYER = ROOT / "functions" / "orders" / "payments"
SIZE_MAX = 10_000_000  # bytes, unzipped

# Every call that the shop makes, on the part of the library that the layer has.
CALL_STRIPE = """
import sys
import stripe
from orders.payments.credentials import Credentials
from orders.payments.stripe_provider import StripeProvider
from shared.money import Money

url, api_key, payment_id = sys.argv[1:]
provider = StripeProvider(Credentials(api_key, ()), url, is_manual=True)
total = Money(amount_minor=1999, currency="EUR")
print(stripe.__file__)
print(provider.create_payment("ord_2", total, "key").status)
print(provider.get_payment(payment_id).status)
print(provider.capture_payment(payment_id, total).status)
print(provider.void_payment(payment_id).status)
print(provider.create_refund(payment_id, total, "rfd_1").status)
print(provider.find_refund(payment_id, "rfd_1").status)
"""


@pytest.fixture(scope="module")
def layer(tmp_path_factory) -> Path:
    scratch = tmp_path_factory.mktemp("payments-layer")
    shutil.copytree(LAYER, scratch / "layer")
    subprocess.run(
        ["make", "build-PaymentsLayer"],  # noqa: S607
        cwd=scratch / "layer",
        env=os.environ
        | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ARTIFACTS_DIR": str(scratch / "built"),
            "SOUK_LAYER": "host",
            "SOUK_LAYER_PYTHON": sys.executable,
        },
        check=True,
    )
    return scratch / "built" / "python"


def pins(requirements: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", requirements.read_text(), re.MULTILINE))


def test_the_layer_is_under_ten_megabytes(layer):
    assert sum(file.lstat().st_size for file in [layer, *layer.rglob("*")]) < SIZE_MAX


def test_the_layer_has_stripe_as_bytecode_and_nothing_shared(layer):
    packages = {entry.name for entry in layer.iterdir() if not entry.name.endswith(".dist-info")}

    assert packages == {"stripe", "requests", "certifi", "charset_normalizer"}
    assert not list(layer.rglob("*.py"))
    assert list(layer.glob("stripe/*.pyc"))


def build_settings(makefile: Path) -> str:
    """The lines that both Makefiles have: for which platform and by which Python to build."""
    found = re.search(r"^SOUK_LAYER \?= .*?^endif$", makefile.read_text(), re.DOTALL | re.MULTILINE)
    assert found
    return found[0]


def test_both_layers_are_built_with_the_same_settings():
    shared, payments = (folder / "Makefile" for folder in (ROOT / "shared", LAYER))

    assert build_settings(payments) == build_settings(shared)


def test_packages_of_both_layers_have_the_same_version():
    shared, own = pins(ROOT / "shared" / "requirements.txt"), pins(LAYER / "requirements.txt")

    both = shared.keys() & own.keys()

    assert both == {"idna", "typing-extensions", "urllib3"}
    assert {name: own[name] for name in both} == {name: shared[name] for name in both}


@pytest.mark.enable_socket
def test_every_call_to_stripe_works_on_the_layer(layer):
    path = [layer, ROOT / "functions", ROOT, *site.getsitepackages()]
    with stripe_api.run_server() as api:
        keys = Credentials(stripe_api.API_KEY, ())
        total = Money(amount_minor=1999, currency="EUR")
        payment = StripeProvider(keys, api.url, is_manual=True).create_payment("ord_1", total, "k")
        api.pay(payment.payment_id)
        done = subprocess.run(  # noqa: S603
            [
                sys.executable,
                "-S",
                "-B",
                "-c",
                CALL_STRIPE,
                api.url,
                keys.api_key,
                payment.payment_id,
            ],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))},
            check=True,
            capture_output=True,
            text=True,
        )

    file, *statuses = done.stdout.splitlines()
    assert Path(file).is_relative_to(layer)
    assert statuses == ["started", "authorized", "captured", "captured", "succeeded", "succeeded"]
