"""What others say of a service's features: the conformance suite `ogctests`, and OWSLib.

ogc.py URL, the session's cookie in CITYWARD_COOKIE: prints one line of JSON, {check: outcome}.
`make test-ogc` runs it; the service must have components, cells, responsibilities, a camera and a case.
"""

import io
import json
import os
import sys
from contextlib import redirect_stdout

import httpx
import requests
from ogctests.features.filtering import utils
from ogctests.main import run_ogctests
from owslib.ogcapi.features import Features

COOKIE = {"Cookie": os.environ["CITYWARD_COOKIE"]}
# What no service can pass, in version 0.1.15: 3 asks a list of addresses for one, and 9 wants what
# 3 would have found; 5 wants of one property of any kind that the value `valid-value` is right and
# `[invalid-value]` an error, 7 that `filter=p=valid` is right and `filter=p=invalid` wrong; 8 and 10
# end by errors of their own.
BROKEN_IN_SUITE = {"test_ct3", "test_ct5", "test_ct7", "test_ct8", "test_ct9", "test_ct10"}


def links_of(header):
    """The links of a header; the suite's own function leaves quotes in and calls targets `iri`."""
    links = requests.utils.parse_header_links(header) if header else []
    return [{"href": link["url"], "iri": link["url"], **link} for link in links]


utils.parse_link_header = links_of


class Outcomes:
    """A plug-in for pytest."""

    def __init__(self):
        self.of = {}

    def pytest_runtest_logreport(self, report):
        if report.outcome != "passed" or report.when == "call":
            name = report.nodeid.split("::")[-1]
            said = "" if report.outcome == "passed" else f": {report.longreprtext[-600:]}"
            self.of.setdefault(name, report.outcome + said)


def suite(url, scope):
    """Each test of a part of the suite with its outcome."""
    import pytest
    import ogctests.main as main

    outcomes = Outcomes()
    run = pytest.main
    main.pytest.main = lambda args, plugins: run(args, plugins=[*plugins, outcomes])
    with httpx.Client(base_url=url, headers=COOKIE, timeout=60) as client, redirect_stdout(io.StringIO()):
        # parts of it ask without the client they are given
        get = httpx.get
        httpx.get = lambda href: get(href, headers=COOKIE)
        run_ogctests(scope, url, ["-p", "no:cacheprovider", "-q", "-W", "ignore"], client)
        httpx.get = get
    main.pytest.main = run
    return outcomes.of


def pages(service, collection, limit):
    """Ids of every feature, a page at a time, by the links of each page."""
    ids, page = [], service.collection_items(collection, limit=limit)
    while True:
        assert len(page["features"]) <= limit
        ids += [feature["id"] for feature in page["features"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            return ids
        page = httpx.get(following[0], headers=COOKIE).json()


def owslib(url):
    """Reads, pages, filters and writes as a program that uses the library would."""
    service = Features(url, headers=dict(COOKIE))
    assert service.api()["openapi"].startswith("3.0")
    assert "components" in service.feature_collections()
    assert service.collection("components")["storageCrs"]
    assert "class" in service.collection_queryables("components")["properties"]
    ids = pages(service, "components", 7)
    assert len(ids) == len(set(ids)) > 7, ids
    one = service.collection_item("components", str(ids[0]))
    kind = one["properties"]["class"]
    alike = service.collection_items("components", filter=f"\"class\" = '{kind}'", limit=1000)
    assert {feature["properties"]["class"] for feature in alike["features"]} == {kind}
    x, y = one["geometry"]["coordinates"]
    near = service.collection_items("components", bbox=[x - 1e-6, y - 1e-6, x + 1e-6, y + 1e-6])
    assert one["id"] in [feature["id"] for feature in near["features"]]
    new = {
        "type": "Feature",
        "properties": {"class": kind, "name": "OWSLib"},
        "geometry": {"type": "Point", "coordinates": [x, y]},
    }
    service.collection_item_create("components", new)
    made = set(pages(service, "components", 1000)) - set(ids)
    assert len(made) == 1
    path = str(made.pop())
    service.collection_item("components", path)
    service.headers["If-Match"] = service.response_headers["ETag"]
    new["properties"]["name"] = "changed"
    service.collection_item_update("components", path, json.dumps(new))
    del service.headers["If-Match"]
    assert service.collection_item("components", path)["properties"]["name"] == "changed"
    service.headers["If-Match"] = service.response_headers["ETag"]
    service.collection_item_delete("components", path)
    del service.headers["If-Match"]
    assert set(pages(service, "components", 1000)) == set(ids)
    return "passed"


def main():
    url = sys.argv[1]
    outcomes = suite(url, "features/core")
    filtering = suite(url, "features/filtering")
    outcomes |= {name: of for name, of in filtering.items() if name not in BROKEN_IN_SUITE}
    outcomes["owslib"] = owslib(url)
    print(json.dumps(outcomes))


main()
