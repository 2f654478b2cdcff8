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
# # Your own tables 自己的表格
#
# Lists from a sub-district office are made for people: a title above the header, 约300人, 1.2万,
# √ and ×, a total at the bottom, a phone number nobody should pass on. This notebook makes such a
# workbook, reads it as it stands, and lists everything that was understood, corrected or left
# out. Then it fills in workers that nobody has counted.
#
# **The streets are real (© OpenStreetMap contributors, ODbL). All people and firms are made up**
# 职工和单位均为虚构.

# %%
import warnings
from pathlib import Path

import pandas as pd
import servicecircle as sc
import xlsxwriter
from servicecircle.tables import describe_table

city = sc.samples.wuhan()
streets = sc.read_network(city.streets)
out = Path("out")
out.mkdir(exist_ok=True)

# %% [markdown]
# ## 1. A messy workbook
#
# The places are real ones of the demo city, in GCJ-02 as Amap gives them. The cells are as people
# type them.

# %%
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the demo's own faulty rows, shown in the first notebook
    demo = sc.read_demand(city.workers, coordinates="gcj02", on_bad="drop")
places = sc.from_wgs84(demo.iloc[::280], "gcj02")
lon, lat = places.geometry.x.round(6).tolist(), places.geometry.y.round(6).tolist()
counts = ["1,200", "约300人", "１８０", "200-300", "0.3万", "两百", "≥50", "45", "不详", "-20", "80"]
groups = ["楼宇职工", "快递小哥", "外卖员", "环卫工", "保洁", "保安", "工地", "商户"] + ["楼宇职工"] * 3

header = ["编号", "单位名称", "经度", "纬度", "职工人数(人)", "人群", "所属区", "是否对外开放", "联系电话"]
rows = [
    [f"00{i + 1}", f"虚构单位{i + 1}", lon[i], lat[i], counts[i], groups[i], "江汉区", "√×是否有无"[i % 6], "13800000000"]
    for i in range(len(counts))
]
rows[6][2:4] = rows[6][3], rows[6][2]  # longitude and latitude exchanged
rows[7][2:4] = "待补", "待补"  # no place yet

book = xlsxwriter.Workbook(out / "messy.xlsx")
sheet = book.add_worksheet("填报表")
sheet.merge_range(0, 0, 0, len(header) - 1, "2025年街道职工情况摸底表（虚构示例）")
sheet.write_row(2, 0, header)
for at, row in enumerate([*rows[:5], header, *rows[5:], [], ["合计", "", "", "", "5,000"]], start=3):
    sheet.write_row(at, 0, row)
book.add_worksheet("填表说明").write(0, 0, "请于月底前报送")
book.close()

# %% [markdown]
# ## 2. What is understood, before anything is computed
#
# `describe_table` reads the file and says what each column is taken for. If it is wrong, say
# `columns={"workers": "…"}`.

# %%
description = describe_table(out / "messy.xlsx")
print(description)

# %% [markdown]
# ## 3. Read it
#
# Nobody has written down whether the coordinates are Amap's, Baidu's or a GPS's. With
# `coordinates="auto"`, the default, the streets decide where they can. Six hundred shops are enough:

# %%
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    shops = sc.read_sites(city.shops, coordinates="auto", network=streets)
print(said[0].message)
assert shops.attrs["coordinates"] == "gcj02"

# %% [markdown]
# Eleven places are not, and a wrong guess would move them by half a kilometre. Then the library asks:

# %%
try:
    sc.read_demand(out / "messy.xlsx", coordinates="auto", network=streets)
except sc.errors.CrsError as question:
    print(question)

# %% [markdown]
# The office copied them from Amap, which is GCJ-02. Rows that cannot be used stay, with a status
# and a reason, so that the office can mend them.

# %%
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    workers = sc.read_demand(out / "messy.xlsx", coordinates="gcj02")
for warning in said:
    print(warning.message, "\n")

# %% [markdown]
# ### The clean result

# %%
workers[["name", "workers", "group", "status", "geometry"]]

# %% [markdown]
# ### What was corrected, cell by cell

# %%
typed = dict(zip([row[0] for row in rows], counts, strict=True))
corrected = pd.DataFrame({"as typed": typed, "understood": workers["workers"]})
corrected[corrected["as typed"] != corrected["understood"].map("{:g}".format)]

# %% [markdown]
# ### What was understood, left out, or has to be mended
#
# Every note is an English text that carries the same in Chinese as `.zh`.

# %%
for note in dict.fromkeys([*description.notes, *description.losses, *workers.attrs["notes"]]):
    print("·", note, "\n ", note.zh)

# %%
workers.loc[workers["status"] != "ok", ["name", "status", "reason"]]

# %% [markdown]
# The clean table goes back to the office as a file that reads the same again, in WGS84.

# %%
workers.to_parquet(out / "clean.parquet")
again = sc.read_demand(out / "clean.parquet", on_bad="drop")
assert again["workers"].sum() == workers.loc[workers["status"] == "ok", "workers"].sum()

# %% [markdown]
# ## 4. Workers that nobody has counted
#
# Street cleaners are on no list of firms. Their number can be estimated from the length of the
# streets. It is a proxy, and the result says so: which figure was chosen, and what share of the
# people was never counted. With an OpenStreetMap file of your city, `demand_from_buildings` and
# `demand_from_pois` do the same from buildings, restaurants, markets and building sites, and
# `candidates_from_osm` lists shops that could host a station.

# %%
cleaners = sc.demand_from_streets(streets, metres_per_worker={"primary": 400}, year=2024)
cleaners.attrs["notes"]

# %% [markdown]
# The union knows how many there are in the whole city: 600. `combine_demand` puts the list and the
# estimate together and scales the estimate to that figure.

# %%
everyone = sc.combine_demand(
    workers,
    cleaners.assign(district="四区合计"),
    totals={("四区合计", "sanitation"): 600},
)
for note in everyone.attrs["notes"][:4]:
    print("·", note)
everyone.groupby("group")["workers"].sum().round(1)

# %% [markdown]
# Tens of thousands of street points are more than a plan needs. Gathered into cells of 250 m, the
# sums stay the same.

# %%
cells = sc.to_grid(everyone)
print(f"{len(everyone):,} rows → {len(cells):,}; {cells['workers'].sum():,.0f} people in both")

# %% [markdown]
# ## 5. On a map

# %%
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # places far from a street: shown on the map
    stations = sc.read_sites(city.stations, coordinates="gcj02")
    today = sc.measure_coverage(streets, stations, cells, minutes=[10, 15])
    notice = ("示例：数据为虚构", "Made-up workers and stations")
    sc.save_map(sc.map_coverage(today, title="自己的表格 Your own tables", notice=notice), out / "map.html")
today.summary()
