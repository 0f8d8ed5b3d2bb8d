"""SnapStart, simulated: hooks run as in Lambda, and a fork is a copy of the instance's memory."""

import json
import os
import random
import socket
import sys
from datetime import timedelta
from importlib import reload
from types import SimpleNamespace

import pytest
from botocore.credentials import RefreshableCredentials

from authorizer import handler as authorizer
from benchmarks.endpoint import record_calls
from orders import handler as orders
from orders import staff_api
from orders.payments import provider_factory
from shared import aws, clock, retries, snapstart
from shared.http.api import create_api
from shared.storage import cache, dynamo
from shared.storage.cache import cached
from shared.storage.write_sharding import allocate, random_shard

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def _kept_random():
    state = random.getstate()
    yield
    random.setstate(state)


def choices():
    """What chance decides in an instance: shards, and pauses before retries."""
    return [
        *(random_shard(16) for _ in range(20)),
        *(allocate(dict.fromkeys(range(16), 9), 1) for _ in range(20)),
        *(retries.jitter_seconds(3) for _ in range(5)),
    ]


def restored(*, forgets: bool):
    """What a copy of this process chooses first, as JSON."""
    reading, writing = os.pipe()
    state = random.getstate()
    child = os.fork()
    if not child:
        random.setstate(state)  # Python reseeds a forked process, and nobody a copied machine
        if forgets:
            snapstart.forget_all()
        os.write(writing, json.dumps(choices()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        return json.loads(answer.read())


@pytest.mark.usefixtures("_kept_random")
def test_restored_instances_choose_different_shards():
    assert restored(forgets=True) != restored(forgets=True)


@pytest.mark.usefixtures("_kept_random")
def test_without_the_hook_they_would_choose_the_same_shards():
    assert restored(forgets=False) == restored(forgets=False)


def test_a_snapshot_is_prepared_without_a_call_to_aws(monkeypatch):
    def connect(*_):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", connect)
    aws.client.cache_clear()
    dynamo.connection.cache_clear()

    with record_calls() as calls:
        snapstart.prepare_all()

    assert calls == []
    assert aws.client.cache_info().currsize == 2  # Secrets Manager and S3
    assert dynamo.connection().client is dynamo.connection().client


def test_every_route_is_prepared():
    snapstart.prepare_all()

    for api in (orders.api, staff_api.api):
        routes = [*api._static_routes, *api._dynamic_routes]  # noqa: SLF001
        assert len(routes) > 8
        assert all(route._dependant is not None for route in routes)  # noqa: SLF001


@pytest.mark.usefixtures("_kept_random")
def test_a_restored_instance_has_empty_caches():
    calls = []

    @cached(seconds=3600)
    def read(key):
        calls.append(key)
        return len(calls)

    assert (read("a"), read("a")) == (1, 1)

    snapstart.forget_all()

    assert read("a") == 2
    assert all(not each._entries for each in cache._caches if each is not read)  # noqa: SLF001


@pytest.mark.usefixtures("_kept_random")
def test_a_restored_instance_makes_a_new_payment_provider():
    before = provider_factory.get_provider()
    assert provider_factory.get_provider() is before

    snapstart.forget_all()

    assert provider_factory.get_provider() is not before


@pytest.mark.usefixtures("_kept_random")
def test_a_restored_instance_opens_new_connections():
    snapstart.prepare_all()
    clients = [dynamo.connection().client, aws.client("secretsmanager"), aws.client("s3")]
    pools = [client._endpoint.http_session._manager.pools for client in clients]  # noqa: SLF001
    for pool in pools:
        pool[("https", "aws.example", 443)] = SimpleNamespace(close=lambda: None)

    snapstart.forget_all()

    assert [len(pool) for pool in pools] == [0, 0, 0]
    dynamo.connection().client.list_tables()  # a closed client works


@pytest.mark.usefixtures("_kept_random")
def test_a_restored_instance_reads_its_credentials_again(monkeypatch):
    days_ago = clock.utc_now() - timedelta(days=3)
    reads = []

    def read():
        reads.append(len(reads))
        expiry = clock.utc_now() + timedelta(hours=6)
        return {
            "access_key": f"key-{len(reads)}",
            "secret_key": "x",
            "token": "t",
            "expiry_time": expiry.isoformat(),
        }

    held = RefreshableCredentials(
        "old", "x", "t", days_ago + timedelta(days=9), read, "container-role"
    )
    monkeypatch.setattr(aws.session(), "_credentials", held)
    assert held.access_key == "old"

    snapstart.forget_all()

    assert (held.access_key, held.access_key, len(reads)) == ("key-1", "key-1", 1)


class Runtime:
    """`snapshot_restore_py`, which only Lambda has."""

    def __init__(self):
        self.before, self.after = [], []

    def register_before_snapshot(self, hook):
        self.before.append(hook)

    def register_after_restore(self, hook):
        self.after.append(hook)


@pytest.mark.parametrize("kind", ["on-demand", "provisioned-concurrency", None])
def test_other_instances_do_not_import_lambda_s_hooks(monkeypatch, kind):
    if kind is None:
        monkeypatch.delenv("AWS_LAMBDA_INITIALIZATION_TYPE", raising=False)
    else:
        monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)

    snapstart.register()

    assert "snapshot_restore_py" not in sys.modules


@pytest.fixture
def runtime(monkeypatch) -> Runtime:
    """An instance that Lambda initializes for a snapshot."""
    runtime = Runtime()
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", runtime)
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    monkeypatch.setattr(snapstart, "_before", list(snapstart._before))  # noqa: SLF001
    return runtime


@pytest.mark.parametrize(
    "initialize", [create_api, lambda: reload(authorizer)], ids=["an API", "the authorizer"]
)
def test_lambda_learns_the_hooks(runtime, initialize):
    initialize()

    assert runtime.before == [snapstart.prepare_all]
    assert runtime.after == [snapstart.forget_all]
