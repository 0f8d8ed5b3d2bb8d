"""The layer with Stripe's library, as `sam build` makes it for this machine."""

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
LARGEST = 10_000_000  # bytes, unzipped

# What the shop asks of the library, on what the layer has left of it.
ASK = """
import sys
import stripe
from orders.payments.credentials import Credentials
from orders.payments.stripe_provider import StripeProvider
from shared.money import Money

url, api_key, payment_id = sys.argv[1:]
provider = StripeProvider(Credentials(api_key, ()), url, is_manual=True)
total = Money(amount_minor=1999, currency="EUR")
print(stripe.__file__)
print(provider.begin("ord_2", total, "key").status)
print(provider.find(payment_id).status)
print(provider.capture(payment_id, total).status)
print(provider.void(payment_id).status)
print(provider.refund(payment_id, total, "rfd_1").status)
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


def test_it_is_under_ten_megabytes(layer):
    assert sum(file.lstat().st_size for file in [layer, *layer.rglob("*")]) < LARGEST


def test_it_holds_what_the_shared_layer_does_not_and_as_bytecode_alone(layer):
    packages = {entry.name for entry in layer.iterdir() if not entry.name.endswith(".dist-info")}

    assert packages == {"stripe", "requests", "certifi", "charset_normalizer"}
    assert not list(layer.rglob("*.py"))
    assert list(layer.glob("stripe/*.pyc"))


def test_what_both_layers_need_is_pinned_to_one_version():
    shared, own = pins(ROOT / "shared" / "requirements.txt"), pins(LAYER / "requirements.txt")

    both = shared.keys() & own.keys()

    assert both == {"idna", "typing-extensions", "urllib3"}
    assert {name: own[name] for name in both} == {name: shared[name] for name in both}


@pytest.mark.enable_socket
def test_all_that_is_asked_of_stripe_works_on_it(layer):
    path = [layer, ROOT / "functions", ROOT, *site.getsitepackages()]
    with stripe_api.run_server() as api:
        keys = Credentials(stripe_api.API_KEY, ())
        total = Money(amount_minor=1999, currency="EUR")
        payment = StripeProvider(keys, api.url, is_manual=True).begin("ord_1", total, "k")
        api.pay(payment.payment_id)
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-S", "-B", "-c", ASK, api.url, keys.api_key, payment.payment_id],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))},
            check=True,
            capture_output=True,
            text=True,
        )

    file, *statuses = done.stdout.splitlines()
    assert Path(file).is_relative_to(layer)
    assert statuses == ["started", "authorized", "captured", "captured", "succeeded", "succeeded"]
