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
# # Anchors, years and mobile homes 锚点、分年开设、流动职工之家
#
# Three tasks beside the choice of sites: which firms a place reaches, which site opens in which
# year, and where a mobile home stops on which day.
#
# **The streets are real (© OpenStreetMap contributors, ODbL). Workers, stations and shops are made
# up** 职工、站点和店铺均为虚构.

# %%
import warnings
from pathlib import Path

import pandas as pd
import servicecircle as sc

city = sc.samples.wuhan()
out = Path("out")
out.mkdir(exist_ok=True)
streets = sc.read_network(city.streets)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the demo's faulty rows, shown in the first notebook
    stations = sc.read_sites(city.stations, coordinates="gcj02", on_bad="drop")
    workers = sc.read_demand(city.workers, coordinates="gcj02", on_bad="drop")
    shops = sc.read_sites(city.shops, coordinates="gcj02", on_bad="drop")
warnings.filterwarnings("ignore", category=sc.errors.UnsnappedWarning)

# %% [markdown]
# ## 1. Anchors 锚点
#
# The 40 largest workplaces, by name. Each shop lists those within 10 minutes' walk, the nearest
# first; the columns go along into plans and pre-assessment sheets.

# %%
anchors = workers.nlargest(40, "workers").assign(name=lambda rows: "单位 " + rows.index.astype(str))
shops = sc.reached_anchors(streets, shops, anchors, minutes=10)
shops.sort_values("anchor_count", ascending=False)[["name", "anchor_count", "anchors"]].head()

# %% [markdown]
# A longest distance to an anchor is a filter before the choice.

# %%
near = shops[shops["nearest_anchor_minutes"] <= 8]
plan = sc.choose_sites(streets, near, workers, existing=stations, minutes=[10, 15], n_open=8)
print(f"{len(near)} of {len(shops)} shops are near an anchor")
plan.sites[["order", "name", "gain", "nearest_anchor", "nearest_anchor_minutes"]]

# %% [markdown]
# ## 2. Which site opens in which year 分年开设
#
# The plan's order, so many a year; `budget=` by year works alike.

# %%
staged = sc.open_by_year(plan, n_open={2026: 3, 2027: 3, 2028: 2})
staged.years

# %% [markdown]
# Two years beside each other, on one map: what opened, and who gained by it.

# %%
page = sc.map_coverage(
    staged.coverage(2028), before=staged.coverage(2026), years=("2026", "2028"), title="武汉（示例）"
)
sc.save_map(page, out / "map.html")

# %% [markdown]
# ## 3. Mobile homes 流动职工之家
#
# One bus and twenty construction sites, each open for some of ten days. Each site counts once; the
# bus needs time to drive: here the straight line × 1.4 at 25 km/h, both our choice.

# %%
days = pd.bdate_range("2026-05-06", periods=10)
sites = workers.iloc[7::140].head(20)[["workers", "geometry"]]
sites["name"] = [f"工地 {k + 1}" for k in range(20)]
sites["workers"] = [60 + 43 * k % 380 for k in range(20)]
sites["first_day"] = [days[k * 3 % 8] for k in range(20)]
sites["last_day"] = [days[min(k * 3 % 8 + k % 3, 9)] for k in range(20)]
depot = sites[["geometry"]].iloc[[4]].set_axis(["depot"])
tour = sc.plan_tour(sites, days=days, depot=depot, stop_hours=3)
tour

# %%
tour.stops[["day", "vehicle", "arrive", "leave", "name", "workers", "cumulative"]].head(8)

# %% [markdown]
# What is left out says why; the picture shows the rest.

# %%
tour.unserved[["name", "workers", "reason_zh", "reason_en"]]

# %%
figure = sc.plot_tour(tour, network=streets, title="流动职工之家（示例：工地均为虚构）")
figure.savefig(out / "tour.png", dpi=80)
