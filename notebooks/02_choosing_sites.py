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

import numpy as np
import pandas as pd
import servicecircle as sc

warnings.simplefilter("ignore")  # the rows they name are shown in the first notebook
pd.options.display.float_format = lambda value: f"{value:,.3f}".rstrip("0").rstrip(".")
pd.options.display.max_colwidth = None
city = sc.samples.wuhan()
streets = sc.read_network(city.streets)
stations = sc.read_sites(city.stations, coordinates="gcj02")
workers = sc.read_demand(city.workers, coordinates="gcj02")
shops = sc.read_sites(city.shops, coordinates="gcj02")

# %% [markdown]
# Walking is paid once: a `Reach` stands for the network from here on. A small limit on time
# keeps this page quick; where a plan is not proved, `bound` says how much better one could be.

# %%
reach = sc.walk_times(streets, pd.concat([shops, stations]), workers, cutoff=15)


def choose(**rules):
    options = {"existing": stations, "time_limit": 10, "gap": 0.01, **rules}
    return sc.choose_sites(reach, shops, workers, **options)


def side_by_side(plans):
    table = pd.concat({name: plan.summary() for name, plan in plans.items()}).droplevel(1)
    return table[["sites", "share", "value", "bound", "status"]]


# %% [markdown]
# ## Aims 目标
#
# ### Most covered

# %%
plan = choose(n_open=12)
plan

# %% [markdown]
# ### Fewest sites, least walking, shortest longest walk
#
# How many sites for 60 % of all workers, and for 80 %? `value` counts sites, then
# worker-minutes (a place with nobody within the cutoff counts the cutoff), then minutes.

# %%
side_by_side(
    {
        "fewest_sites, 60 %": choose(aim="fewest_sites", share=0.6),
        "fewest_sites, 80 %": choose(aim="fewest_sites", share=0.8),
        "least_walking": choose(aim="least_walking", n_open=12),
        "shortest_worst": choose(aim="shortest_worst", n_open=120),
    }
)

# %% [markdown]
# ### Fairest
#
# The district with the smallest share gets as much as it can; then the most workers. The same
# over groups of workers.

# %%
fair = choose(aim="fairest", fair_by="district", n_open=12, gap=0.02)
equal = choose(aim="fairest", fair_by="group", n_open=12, gap=0.02)
shares = {"most_covered": plan, "fairest to districts": fair, "fairest to groups": equal}
pd.concat(
    {
        by: pd.DataFrame({name: one.coverage.by(by)["share"] for name, one in shares.items()})
        for by in ("district", "group")
    }
)

# %% [markdown]
# ### What a worker counts
#
# Half as much beyond ten minutes; less with every minute; couriers twice.

# %%
side_by_side(
    {
        "1 within 10, 0.5 within 15": choose(n_open=12, minutes=[10, 15], decay=[1, 0.5]),
        "linear": choose(n_open=12, decay="linear"),
        "gaussian": choose(n_open=12, decay="gaussian"),
        "快递物流 × 2": choose(n_open=12, group_weights={"快递物流": 2}),
    }
)

# %% [markdown]
# ### One aim, then another
#
# Of the plans that cover most, the one with the least walking; and the fewest sites that keep
# the shortest longest walk.

# %%
choose(n_open=12, aim=("most_covered", "least_walking")).aims

# %%
choose(n_open=120, aim=("shortest_worst", "fewest_sites")).aims

# %% [markdown]
# ## Rules 要求
#
# ### Money
#
# A budget, with the shops' own costs: the first of the sites, and what all cost together.

# %%
paid = choose(budget=200_000)
print(f"{len(paid.sites)} sites for {paid.sites['cost'].sum():,.0f}")
paid.sites[["name", "cost", "gain", "cost_per_worker"]].head(8)

# %% [markdown]
# ### How many where
#
# At least ten stations in every district, today's included, and at most sixteen in one of them.

# %%
spread = choose(n_open=12, at_least={"district": 10}, at_most={"district": {"武昌区": 16}})
pd.DataFrame(
    {
        "today": stations["district"].value_counts(),
        "12 more": pd.concat([stations, plan.sites])["district"].value_counts(),
        "12 more, by the rule": pd.concat([stations, spread.sites])["district"].value_counts(),
    }
)

# %% [markdown]
# Any column will do: at most one new site in each cell of a grid of 3 km.

# %%
for places in (shops, stations):
    points = places.to_crs(streets.crs).geometry
    squares = zip(points.x // 3000, points.y // 3000, strict=True)
    places["cell"] = [f"{x:.0f}/{y:.0f}" for x, y in squares]
celled = choose(n_open=12, at_most={"cell": 1}, count_existing=False)
for name, one in {"free": plan, "by the rule": celled}.items():
    most = shops.loc[one.sites.index, "cell"].value_counts().max()
    print(f"{name}: at most {most} in a cell, {one.coverage.share:.1%} covered")

# %% [markdown]
# ### How far apart
#
# A kilometre between stations in a straight line, today's included; or twenty minutes on foot,
# which needs the streets.


# %%
def closest(one):
    """Metres from a new site to the nearest other place, at least."""
    new, old = (part.to_crs(streets.crs).geometry for part in (one.sites, stations))
    spots = pd.concat([new, old]).get_coordinates()
    return min(np.hypot(*(spots.drop(site) - spots.loc[site]).T.values).min() for site in new.index)


apart = choose(n_open=12, min_spacing=1000)
walked = sc.choose_sites(
    streets, shops, workers, existing=stations, n_open=12, min_spacing_minutes=20, time_limit=10
)
spaced = {"free": plan, "1,000 m": apart, "20 minutes": walked}
side_by_side(spaced).assign(metres={name: closest(one) for name, one in spaced.items()})

# %% [markdown]
# Of shops that exclude each other (two in one building) one opens at most: here the three best.

# %%
three = tuple(plan.sites.index[:3])
alone = choose(n_open=12, exclusive=[three])
print(three, "→", [site for site in three if site in alone.sites.index])

# %% [markdown]
# ### Who must, must not, or may go first
#
# Ids, or a column of yes and no. Of plans with as few sites, the one with most shops that face
# the street (`prefer`).

# %%
first = plan.sites.index[0]
fixed = choose(n_open=12, required=["C001", "C002"], forbidden=[first])
print("C001 and C002 open:", {"C001", "C002"} <= set(fixed.sites.index))
print(first, "opens:", first in fixed.sites.index)
for name, wish in {"free": (), "prefer": "street_front"}.items():
    one = choose(aim="fewest_sites", share=0.75, prefer=wish)
    print(f"{name}: {one.sites['street_front'].sum()} of {len(one.sites)} sites face the street")

# %% [markdown]
# ### The least for everybody
#
# Every group of workers at least 74 % covered; whoever can have a station within three minutes
# has one (`max_minutes`).

# %%
floor = choose(n_open=12, floor={"group": 0.74})
shares = {"free": plan, "floor": floor}
pd.DataFrame({name: one.coverage.by("group")["share"] for name, one in shares.items()})

# %%
near = choose(aim="least_walking", n_open=400, max_minutes=3)
few = choose(aim="fewest_sites", share=0, max_minutes=3)
side_by_side({"least walking": near, "fewest sites": few})

# %% [markdown]
# ### Backup and capacity 备用与容量
#
# Backup: only places with two stations within the cutoff count; walks are to the two nearest.
# Capacity: a shop serves so many workers and no more; `value` counts those who have room. With
# both, everybody has room at two places. (A part of the city, to keep this page quick.)

# %%
shops["capacity"], stations["capacity"] = 600, 500
kinds = {
    "neither": {},
    "backup": {"backup": True},
    "capacity": {"capacity": "capacity"},
    "both": {"backup": True, "capacity": "capacity"},
}
few, some = shops.iloc[::8], workers.iloc[::6]


def choose_few(**rules):
    options = {"existing": stations.iloc[::6], "time_limit": 10, "gap": 0.01, **rules}
    return sc.choose_sites(reach, few, some, **options)


side_by_side({name: choose_few(n_open=8, **rules) for name, rules in kinds.items()})

# %%
walks = {"aim": "least_walking", "n_open": 8}
side_by_side({name: choose_few(**walks, **rules) for name, rules in kinds.items()})

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
larger = stations.iloc[::6].assign(capacity_after=900, upgrade_cost=1_000)
grown = choose_few(existing=larger, budget=20_000, capacity="capacity", upgradable="capacity_after")
print(grown)
grown.existing["action"].value_counts()

# %% [markdown]
# ## Rules that exclude each other 互相矛盾的要求
#
# The plan names the rule, the ids and the smallest change that would make it possible.

# %%
impossible = choose(n_open=2, at_least={"district": 15})
impossible.conflicts[["rule_zh", "reason_zh", "mend_zh"]]

# %%
too_few = choose_few(n_open=40, max_minutes=4, floor={"group": 0.9}, min_spacing=300)
too_few.conflicts[["rule", "reason_en", "mend_en"]]

# %% [markdown]
# ## What the plan says about itself
#
# `loss` is what closing the site would cost, `runner_up` the shop within 200 m that could stand
# in, and `knee` marks where the curve bends.

# %%
plan.sites[["name", "gain", "loss", "runner_up", "runner_up_loss", "reason_zh"]].head(6)

# %%
plan.curve

# %%
changed = sc.what_if(plan, without=[first])
print(f"without {first}: {changed.share:.1%}, with it: {plan.coverage.share:.1%}")
sc.compare_plans(plan, paid)

# %% [markdown]
# Which sites stay when speed, cutoff and the weights of the groups move by 10 %?

# %%
sc.stability(plan, time_limit=3)[["in_plan", "stays"]]

# %% [markdown]
# The map draws circles, so its plan is made from the streets.

# %%
drawn = sc.choose_sites(streets, shops, workers, existing=stations, n_open=12)
notice = ("示例：数据为虚构", "Made-up workers, stations and shops")
page = sc.save_map(sc.map_plan(drawn, title="武汉四区 Wuhan", notice=notice), "out/map.html")
