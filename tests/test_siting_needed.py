"""Which rule needs which site of a plan."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

import servicecircle as sc


def places(ids, **columns):
    points = gpd.points_from_xy(range(len(ids)), [0] * len(ids))
    return gpd.GeoDataFrame(columns, geometry=points, crs=4326, index=pd.Index(ids, name="id"))


def plan_of(existing=None, **rules):
    shops = places(list("abcd"), district=["x", "x", "y", "z"], industry=["m", "n", None, "n"])
    people = places(["p", "q", "r"], workers=[100.0, 50.0, 1.0])
    pairs = [("a", "p", 1.0), ("b", "q", 1.0), ("c", "r", 2.0)]
    old = [] if existing is None else list(existing.index)
    reach = sc.Reach.from_frame(
        pd.DataFrame(pairs, columns=["facility", "demand", "minutes"]),
        facility_ids=pd.Index([*"abcd", *old]),
        demand_ids=people.index,
        cutoff=15,
    )
    return sc.choose_sites(reach, shops, people, existing=existing, **rules)


def test_a_site_without_which_a_district_has_too_few_says_so():
    old = places(["S", "T"], district=["z", "y"], state=["在用", "停用"])
    plan = plan_of(old, n_open=3, at_least={"district": 1})
    # z has a station in use; y's is closed; x has two sites, so that neither is needed
    assert plan.sites["needed_for"].fillna("").to_dict() == {
        "a": "",
        "b": "",
        "c": "district = y ≥ 1",
    }
    assert plan.sites.loc["c", "reason_en"].endswith(
        " It is needed for at least 1 in district = y."
    )
    assert plan.sites.loc["c", "reason_zh"].endswith("为满足区县“y”至少 1 个的要求而必需。")


def test_every_rule_that_needs_a_site_is_named():
    rules = {"district": {"z": 1}, "industry": {"n": 1}}
    plan = plan_of(n_open=2, at_least=rules, required=["a"])
    assert plan.sites["needed_for"].to_dict() == {
        "a": "required",
        "d": "district = z ≥ 1; industry = n ≥ 1",
    }
    assert plan_of(n_open=1).sites["needed_for"].isna().all()
