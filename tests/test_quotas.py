"""Units without a station, and the fewest that would mend it, against counting by hand."""

from __future__ import annotations

from itertools import product

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import servicecircle as sc
from servicecircle.errors import CrsError, InputError


def communities(n=6, towns=2):
    boxes = [shapely.box(i, 0, i + 1, 1) for i in range(n)]
    names = [f"社区{i}" for i in range(n)]
    street = [f"街道{i * towns // n}" for i in range(n)]
    return gpd.GeoDataFrame({"community": names, "street_town": street}, geometry=boxes, crs=4326)


def stations(xs, **columns):
    points = gpd.points_from_xy(xs, [0.5] * len(xs))
    return gpd.GeoDataFrame(columns, geometry=points, crs=4326)


def test_units_without_a_station_are_listed_and_a_station_counts_for_both_levels():
    table = sc.check_quotas(stations([0.5, 0.6, 1.5]), "dongcheng", units=communities())
    assert table[table["missing"] > 0]["unit"].tolist() == [
        "街道1", "社区2", "社区3", "社区4", "社区5",
    ]  # fmt: skip
    assert table.set_index("unit").loc["社区0"].tolist() == ["community", 1, 2, 0]
    assert table.attrs["extra_sites"] == 4  # 街道1 has communities 3, 4 and 5


def test_own_columns_count_where_there_are_no_outlines_and_closed_ones_do_not():
    table = pd.DataFrame({"district": ["甲", "甲", "乙"], "state": ["在用", "在用", "停用"]})
    found = sc.check_quotas(table, {"district": {"甲": 3, "乙": 1, "丙": 2}})
    assert found["stations"].tolist() == [2, 0, 0]
    assert found["missing"].tolist() == [1, 1, 2]
    assert found.attrs["extra_sites"] == 4
    assert sc.check_quotas(table, {"district": 1}).attrs["extra_sites"] == 0
    assert sc.check_quotas(table, "xiamen").empty


@pytest.mark.parametrize("seed", range(4))
def test_the_fewest_extra_sites_are_those_of_trying_all(seed):
    """Districts and industries cross; six spots, up to one new station more than needed."""
    rng = np.random.default_rng(seed)
    spots = pd.DataFrame(
        {"district": rng.choice(list("甲乙丙"), 6), "industry": rng.choice(list("xyz"), 6)}
    )
    spots = spots.drop_duplicates()
    have = spots.sample(2, random_state=seed)
    found = sc.check_quotas(have, {"district": 1, "industry": 2}, units=spots)

    def fills(counts):
        places = pd.concat([have, spots.loc[spots.index.repeat(counts)]])
        return all((places["district"] == d).sum() >= 1 for d in spots["district"]) and all(
            (places["industry"] == i).sum() >= 2 for i in spots["industry"]
        )

    tried = [sum(counts) for counts in product(range(3), repeat=len(spots)) if fills(counts)]
    assert found.attrs["extra_sites"] == min(tried)


def test_places_know_their_area():
    areas = communities().to_crs(3857)
    places = stations([0.5, 1.0, 7.0])
    assert sc.area_of(places, areas).tolist()[:2] == [0, 0]  # on the line: the first
    assert sc.area_of(places, areas, "community").isna().tolist() == [False, False, True]
    with pytest.raises(InputError, match="no column 'name'"):
        sc.area_of(places, areas, "name")
    with pytest.raises(CrsError, match="`places` has no CRS"):
        sc.area_of(places.set_crs(None, allow_override=True), areas)


@pytest.mark.parametrize("wrong", [-1, 1.5, "1", None])
def test_quotas_are_whole_numbers(wrong):
    stations = pd.DataFrame({"community": ["x"]})
    for least in (wrong, {"x": wrong}):
        with pytest.raises(InputError, match="whole numbers from 0"):
            sc.check_quotas(stations, {"community": least})


def test_tables_that_do_not_say_where_are_refused():
    with pytest.raises(InputError, match=r"`stations` has no column \['community'\]"):
        sc.check_quotas(pd.DataFrame({"street_town": ["x"]}), "dongcheng")
    with pytest.raises(InputError, match="have no places to lie in"):
        sc.check_quotas(pd.DataFrame({"name": ["x"]}), "dongcheng", units=communities())
