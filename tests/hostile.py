"""Text that tries to run when a map is saved or opened, and a town that is full of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import town
from servicecircle.maps import map_plan
from servicecircle.networks import read_network
from servicecircle.siting import choose_sites
from servicecircle.standards import standard

# Each sets window.ran or changes 7*7191 to 50337 where it is run or evaluated.
PAYLOADS = {
    "img": "<img src=x onerror=\"window.ran='img'\">",
    "closing script": "</script><script>window.ran='script'</script>",
    "backtick": "`+(window.ran='backtick')+`",
    "escaped backtick": "\\\\`+(window.ran='escaped')+`",
    "escaped backtick, rest a comment": "\\\\`;window.ran='comment';//",
    "template literal": "${window.ran='literal'}",
    "double quote": '";window.ran="double";//',
    "single quote": "';window.ran='single';//",
    "attribute": "x' onmouseover='window.ran=1' y=\" onfocus=\"window.ran=2\" autofocus",
    "jinja expression": "{{ 7*7191 }}",
    "jinja statement": "{% set x = 1 %}kept{% if x %}",
    "jinja comment": "{# gone #}",
}
CHANNELS = (
    *("station", "site", "candidate", "kind", "group", "district"),
    *("title", "date", "notice", "label", "hours", "amenities", "reason"),
    *("source", "remark", "street", "rule", "standard"),
)
LINKS = (
    "javascript:window.ran=1",
    "data:text/html,<script>window.ran=1</script>",
    "http://photos.example/1.jpg",
    "//photos.example/1.jpg",
    "https://user@photos.example/1.jpg",
    "https://photos.example:x/1.jpg",
    "https://",
    "https://a b.example/",
    "java\nscript:window.ran=1",
)


MARK = "PAYLOAD"


@cache
def _marked_plan(folder):
    """Make a plan of the small town with a mark in every text column."""
    payload = MARK
    town.write_town(folder)
    network = read_network(folder / "streets.geojson")
    text = {
        "kind": f"kind {payload}",
        "hours": f"hours {payload}",
        "amenities": f"amenities {payload}",
        "note": payload,
    }
    stations = town.stations().assign(name=f"station {payload}", **text)
    shops = town.shops()
    shops = shops.assign(name=[f"shop {k} {payload}" for k in range(len(shops))], **text)
    workers = town.workers()
    workers["group"] = [f"group {number % 2} {payload}" for number in range(len(workers))]
    workers["subdistrict"] = f"street {payload}"
    plan = choose_sites(network, shops, workers, existing=stations, n_open=2, minutes=[5, 10])
    plan.sites["reason_zh"] = f"reason {payload}"
    plan.sites["reason_en"] = f"reason {payload}"
    return plan


def hostile_plan(folder, payload):
    """Make that plan with the payload in the place of the mark; computed only once."""
    plan = _marked_plan(folder.parent)

    def texts(frame):
        columns = {
            name: [
                cell.replace(MARK, payload) if isinstance(cell, str) else cell for cell in column
            ]
            for name, column in frame.items()
            if column.astype(str).str.contains(MARK).any()
        }
        return frame.assign(**columns)

    def covered(one):
        return replace(one, demand=texts(one.demand), facilities=texts(one.facilities))

    return replace(
        plan,
        sites=texts(plan.sites),
        candidates=texts(plan.candidates),
        existing=texts(plan.existing),
        today=covered(plan.today),
        coverage=covered(plan.coverage),
    )


def hostile_standard(payload):
    """Make a standard whose words are not ours."""
    known = standard("miyun")
    rules = known.rules.assign(zh=f"rule {payload}", en=f"rule {payload}")
    return replace(known, rules=rules, zh=f"standard {payload}", en=f"standard {payload}")


def hostile_map(folder, payload):
    """Draw that plan, with the payload in its own arguments and in notes as well."""
    districts = town.districts().assign(name=[f"district {k} {payload}" for k in range(2)])
    at = districts.geometry.iloc[0].centroid
    plan = hostile_plan(folder, payload)
    plan.coverage.demand.attrs = {"source": f"source {payload}", "notes": [f"remark {payload}"]}
    return map_plan(
        plan,
        title=f"title {payload}",
        date=f"date {payload}",
        notice=f"notice {payload}",
        standard=hostile_standard(payload),
        labels=[{"text": f"label {payload}", "at": (at.x, at.y)}],
        districts=districts,
    )
