"""What a token may still do in the minute in which API Gateway caches its account as it was."""

import json
from itertools import chain

import pytest

from shared.storage.dynamo import Table
from shared.storage.models.accounts import User
from tests.support import shop
from tests.support.accounts import authorize
from tests.support.http import EVENTS
from tests.test_route_matrix import PROTECTED, call, create_token, samples

pytestmark = pytest.mark.usefixtures("aws")

def all_tables():
    todo, out = [Table], []
    while todo:
        t = todo.pop()
        todo += t.__subclasses__()
        if hasattr(t, "Meta"):
            out.append(t)
    return out

@pytest.mark.parametrize("route", PROTECTED)
def test_probe(route):
    from tests.template import stack
    token = create_token("usr_gone", roles={"customer", "admin"})
    cached = authorize(token)
    User("usr_gone").delete()
    shop.product("TEA", available=3)
    from shared.storage.dynamo import connection
    def dump():
        c = connection().client
        out = set()
        for t in c.list_tables()["TableNames"]:
            for item in c.scan(TableName=t)["Items"]:
                out.add((t, json.dumps(item, sort_keys=True)))
        return out
    before = dump()
    answer = call(route, cached)
    after = dump()
    new = after - before
    print("RES", route, answer.status, answer.code if answer.status >= 400 else "", [(t, i[:300]) for t, i in new if "usr_gone" in i][:2], len(new))
