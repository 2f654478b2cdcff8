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
# # Choosing sites 选址: every aim and every rule
#
# One city, one walk through the streets, many questions. Each plan says whether it is proved,
# and rules that exclude each other are named with what would mend them.
#
# **The streets are real (© OpenStreetMap contributors, ODbL). Workers, stations and shops are
# made up** 职工、驿站、候选点均为虚构.

# %%
import warnings

import pandas as pd
import servicecircle as sc

warnings.simplefilter("ignore")  # the rows they name are shown in the first notebook
city = sc.samples.wuhan()
streets = sc.read_network(city.streets)
stations = sc.read_sites(city.stations, coordinates="gcj02")
workers = sc.read_demand(city.workers, coordinates="gcj02")
shops = sc.read_sites(city.shops, coordinates="gcj02")

# %% [markdown]
# Walking is paid once: a `Reach` stands for the network from here on. A small limit on time
# keeps this page quick; where a plan is not proved, it says how much better one could be.

# %%
places = pd.concat([shops, stations])
reach = sc.walk_times(streets, places, workers, cutoff=15)


def choose(**rules):
    options = {"existing": stations, "time_limit": 10, "gap": 0.01, **rules}
    return sc.choose_sites(reach, shops, workers, **options)


# %% [markdown]
# ## Aims
#
# ### Most covered

# %%
plan = choose(n_open=12)
plan.summary()

# %% [markdown]
# ### Fewest sites: how many for 60 % of all workers?

# %%
choose(aim="fewest_sites", share=0.6).summary()[["sites", "share", "value", "bound", "status"]]

# %% [markdown]
# ### Least walking, shortest longest walk, fairest to the districts
#
# A place with nobody within the cutoff counts the cutoff.

# %%
small = workers.sample(400, random_state=1).sort_index()
few = shops.sample(60, random_state=1).sort_index()


def choose_few(**rules):
    options = {"existing": stations, "time_limit": 10, "gap": 0.01, **rules}
    return sc.choose_sites(reach, few, small, **options)


choose_few(aim="least_walking", n_open=6).summary()[["share", "value", "bound", "status"]]

# %% [markdown]
# A p-median with a maximum: whoever can have a station within four minutes has one.

# %%
near = choose_few(aim="least_walking", n_open=60, max_minutes=4)
near.summary()[["sites", "share", "value", "bound", "status"]]

# %%
choose_few(aim="shortest_worst", n_open=40).summary()[["share", "value", "bound", "status"]]

# %%
fair = choose_few(aim="fairest", fair_by="district", n_open=6)
fair.coverage.by("district")[["workers", "covered", "share"]]

# %% [markdown]
# ### What a worker counts
#
# Half as much beyond ten minutes; less with every minute; riders and couriers twice.

# %%
plans = {
    "1 within 10, 0.5 within 15": choose(n_open=12, minutes=[10, 15], decay=[1, 0.5]),
    "linear": choose(n_open=12, decay="linear"),
    "gaussian": choose(n_open=12, decay="gaussian"),
    "快递物流 × 2": choose(n_open=12, group_weights={"快递物流": 2}),
}
pd.concat({name: one.summary() for name, one in plans.items()}).droplevel(1)[
    ["share", "value", "bound", "status"]
]

# %% [markdown]
# ### One aim, then another
#
# Of the plans that cover most, the one with the least walking; and the fewest sites that keep
# the shortest longest walk.

# %%
choose(n_open=12, aim=("most_covered", "least_walking")).aims

# %%
choose_few(n_open=40, aim=("shortest_worst", "fewest_sites")).aims

# %% [markdown]
# ## Rules
#
# Budget, with the shops' own costs:

# %%
paid = choose(budget=200_000)
paid.sites[["name", "cost", "gain", "cost_per_worker"]]

# %% [markdown]
# At least ten stations in every district, today's included, and at most sixteen in one of them:

# %%
spread = choose(n_open=12, at_least={"district": 10}, at_most={"district": {"武昌区": 16}})
spread.sites["district"].value_counts()

# %% [markdown]
# 800 m between stations, today's included; only one shop of each address:

# %%
apart = choose(n_open=12, min_spacing=800, exclusive="address")
apart.summary()[["sites", "share", "status", "optimality_gap"]]

# %% [markdown]
# Ten minutes on foot between stations: walks from site to site need the streets.

# %%
walked = sc.choose_sites(
    streets, shops, workers, existing=stations, n_open=12, min_spacing_minutes=10, time_limit=10
)
walked.summary()[["sites", "share", "status", "optimality_gap"]]

# %% [markdown]
# At most two stations in each cell of a grid: any column will do.

# %%
metres = streets.crs
for places in (shops, stations):
    points = places.to_crs(metres).geometry
    places["cell"] = (points.x // 1500).astype(str) + "/" + (points.y // 1500).astype(str)
choose(n_open=12, at_most={"cell": 2}).summary()[["sites", "share", "status"]]

# %% [markdown]
# Of plans that cover as many, the one with most shops that face the street (`prefer`); two
# shops that must open and one that must not.

# %%
preferred = choose(n_open=12, prefer="street_front")
print(preferred.sites["street_front"].sum(), "of", len(preferred.sites))
first, second, third = plan.sites.index[:3]
fixed = choose(n_open=12, required=[first, second], forbidden=[third])
fixed.summary()[["sites", "share", "status"]]

# %% [markdown]
# Every group of workers at least 30 % covered:

# %%
floor = choose(n_open=20, floor={"group": 0.3})
floor.coverage.by("group")[["workers", "covered", "share"]]

# %% [markdown]
# Backup: only places with two stations within the cutoff count. Capacity: a shop serves so
# many workers and no more.

# %%
choose_few(n_open=6, backup=True).summary()[["share", "value", "bound", "status"]]

# %%
few["capacity"] = 150
choose_few(n_open=6, capacity="capacity").summary()[["share", "value", "bound", "status"]]

# %% [markdown]
# ### Today's stations
#
# Three that may move: each that closes makes room for one more. And what serves more people
# within a budget: new shops, or larger stations?

# %%
moved = choose(n_open=3, closable=["S01", "S02", "S03"])
print(moved)
moved.existing["action"].value_counts()

# %%
shops["capacity"], stations["capacity"] = 600, 500
larger = stations.assign(capacity_after=900, upgrade_cost=8_000)
grown = choose(
    existing=larger, budget=100_000, capacity="capacity", upgradable="capacity_after", gap=0.02
)
print(grown)
grown.existing["action"].value_counts()

# %% [markdown]
# ## Rules that exclude each other
#
# The plan names the rule, the ids and the smallest change that would make it possible.

# %%
impossible = choose(n_open=2, at_least={"district": 15})
impossible.conflicts[["rule", "reason_en", "reason_zh", "mend_en"]]

# %% [markdown]
# ## What the plan says about itself
#
# `loss` is what closing the site would cost, `runner_up` the shop within 200 m that could stand
# in, and `knee` marks where the curve bends.

# %%
plan.sites[["name", "gain", "loss", "runner_up", "runner_up_loss", "reason_zh"]]

# %%
plan.curve

# %%
first = plan.sites.index[0]
changed = sc.what_if(plan, without=[first])
print(f"without {first}: {changed.share:.1%}, with it: {plan.coverage.share:.1%}")
sc.compare_plans(plan, paid)

# %%
sc.stability(plan, time_limit=3)[["in_plan", "stays"]]

# %% [markdown]
# The map draws circles, so its plan is made from the streets.

# %%
drawn = sc.choose_sites(streets, shops, workers, existing=stations, n_open=12)
notice = ("示例：数据为虚构", "Made-up workers, stations and shops")
sc.save_map(sc.map_plan(drawn, title="武汉四区 Wuhan", notice=notice), "out/map.html")
