# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Service circles 服务圈: from tables to a plan and a map
#
# This notebook walks the whole way once: read a street network and three tables, see who is
# within 10 and 15 minutes' walk of today's stations, rank the shops that could host a new one,
# choose twelve of them as a set, and save the map and the workbook.
#
# **The streets are real (© OpenStreetMap contributors, ODbL). Workers, stations, shops and
# districts are made up** 职工、驿站、候选点和分区均为虚构.

# %%
import math
import warnings
from pathlib import Path

import geopandas as gpd
import servicecircle as sc

city = sc.samples.wuhan()

# %% [markdown]
# ## 1. Read
#
# The tables carry Chinese headers and GCJ-02 coordinates, as lists from Amap do. Saying so is
# all it takes; everything is WGS84 from here on. Rows that cannot be used are named in a warning
# and keep their place with a `status`.

# %%
streets = sc.read_network(city.streets)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    stations = sc.read_sites(city.stations, coordinates="gcj02")
    workers = sc.read_demand(city.workers, coordinates="gcj02")
    shops = sc.read_sites(city.shops, coordinates="gcj02")
for warning in said:
    print(warning.message)
streets

# %%
workers["status"].value_counts()

# %% [markdown]
# How good is the network? A plan is no better than its streets.

# %%
streets.quality()

# %% [markdown]
# ## 2. One circle
#
# A service circle is what can be reached along streets, not what a compass draws. Take the
# compass circle of 15 minutes (75 m a minute, so 1,125 m) and compare its area with what is
# reached on foot.

# %%
circles = sc.service_areas(streets, stations[stations["status"] == "ok"])
fifteen = circles[circles["minutes"] == 15].set_index("facility")
compass = math.pi * 1.125**2
share = (fifteen["area_km2"] / compass).describe().round(2)
print(f"compass circle: {compass:.2f} km²; reached on foot, as a share of it:")
share

# %% [markdown]
# ## 3. Who is covered today?

# %%
warnings.simplefilter("ignore", sc.errors.UnsnappedWarning)  # seen above
today = sc.measure_coverage(streets, stations, workers, minutes=[10, 15])
today.summary()

# %%
today.by("group")

# %% [markdown]
# ## 4. What would each shop add?
#
# `gain` counts workers who have no station today. The ranking looks at one shop at a time: two
# shops next door to each other both rank high, although one of them would do.

# %%
ranked = sc.score_sites(streets, shops, workers, existing=stations)
ranked.sort_values("rank")[["name", "gain", "overlap", "score", "reason_zh"]].head()

# %% [markdown]
# ## 5. Which twelve together?
#
# The plan is chosen as a set. `proved` means that no other set of twelve covers more workers.

# %%
plan = sc.choose_sites(streets, shops, workers, existing=stations, minutes=[10, 15], n_open=12)
plan.summary()

# %%
plan.sites[["order", "name", "gain", "share_after", "reason_en"]]

# %% [markdown]
# Taking the twelve best of the ranking instead would cover fewer, because they overlap:

# %%
best_alone = ranked.sort_values("rank").head(12)
alone = sc.choose_sites(
    streets, best_alone, workers, existing=stations, minutes=[10, 15], n_open=12
)
print(f"chosen as a set: {plan.value:,.0f} workers; the twelve best alone: {alone.value:,.0f}")

# %% [markdown]
# The curve shows what each further station brings.

# %%
plan.curve

# %% [markdown]
# ## 6. Save the map and the workbook
#
# The map is one file that opens without any network, from a USB stick or a chat window.

# %%
out = Path("out")
districts = gpd.read_file(city.districts)
notice = ("示例：数据为虚构", "Made-up workers, stations, shops and districts")
drawn = sc.map_plan(plan, title="武汉四区 Wuhan", districts=districts, notice=notice)
sc.save_map(drawn, out / "map.html")
sc.write_report(plan, out / "plan.xlsx", districts=districts, about={"note": " ".join(notice)})
sorted(path.name for path in out.iterdir())
