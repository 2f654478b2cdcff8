"""Make the demo city in ``data/wuhan`` from real streets and made-up tables.

The streets are OpenStreetMap's, cut from the source package of neatnet 0.1.6. Workers,
stations, shops and zones are synthetic: drawn by chance along those streets, with a
fixed seed, so that the same package gives the same files.

Examples
--------
::

    pip download --no-deps --no-binary neatnet neatnet==0.1.6
    python data/make_wuhan.py neatnet-0.1.6.tar.gz
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import tarfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from servicecircle.coordinates import from_wgs84

SEED = 20240601
METRES = 32650
MEMBER = "data/wuhan_8989/original.parquet"
LABEL = "虚构示例 synthetic"
ENGLISH = {"硚口区": "Qiaokou", "江汉区": "Jianghan", "江岸区": "Jiang'an", "武昌区": "Wuchang"}
FAR = 250

# West, south, east, north in degrees; streets reach about 700 m beyond the zones.
ZONE_BOX = (114.2385, 30.5415, 114.3615, 30.6465)
STREET_BOX = (114.2312, 30.5352, 114.3688, 30.6528)
# Two road tunnels under the Yangtze where nobody may walk; the data does not mark them.
TUNNEL_BOXES = ((114.2952, 30.578, 114.3125, 30.5836), (114.3035, 30.5945, 114.3195, 30.5985))
NOT_WALKED = ("motorway", "motorway_link", "trunk_link")
NOT_BUILT_ON = (*NOT_WALKED, "trunk", "primary_link", "secondary_link", "tertiary_link")

# Lines that part the zones (made up: along the middle of the rivers and along main streets).
YANGTZE_SOUTH = [(114.2775, 30.5415), (114.282, 30.550), (114.287, 30.558), (114.2935, 30.568)]
YANGTZE_MOUTH = [(114.2935, 30.568), (114.297, 30.575), (114.2985, 30.5778)]
YANGTZE_NORTH = [
    (114.2985, 30.5778), (114.304, 30.588), (114.311, 30.600), (114.3195, 30.612),
    (114.329, 30.623), (114.339, 30.634), (114.3495, 30.6465),
]  # fmt: skip
HAN_WEST = [
    (114.2385, 30.5715), (114.243, 30.5685), (114.248, 30.5663), (114.256, 30.5657),
    (114.2625, 30.5648),
]  # fmt: skip
HAN_EAST = [
    (114.2625, 30.5648), (114.270, 30.5635), (114.276, 30.5635), (114.279, 30.5665),
    (114.284, 30.567), (114.2935, 30.568),
]  # fmt: skip
QIAOKOU_JIANGHAN = [
    (114.2625, 30.5648), (114.2635, 30.578), (114.258, 30.584), (114.258, 30.597),
    (114.257, 30.603), (114.249, 30.610), (114.2435, 30.6145), (114.2385, 30.6211),
]  # fmt: skip
JIANGHAN_JIANGAN = [
    (114.2985, 30.5778), (114.293, 30.580), (114.2875, 30.588), (114.283, 30.5955),
    (114.2795, 30.603), (114.281, 30.612), (114.2825, 30.6275), (114.2808, 30.637),
    (114.2835, 30.6465),
]  # fmt: skip

# Per group: rows, median workers, share drawn evenly along all streets, and clusters as
# (longitude, latitude, spread in metres, weight).
GROUPS = {
    "楼宇职工": (1100, 30, 0.10, [
        (114.287, 30.583, 600, 3), (114.268, 30.599, 700, 4), (114.270, 30.584, 500, 3),
        (114.243, 30.602, 600, 2), (114.262, 30.630, 700, 2), (114.343, 30.588, 600, 2),
        (114.333, 30.544, 600, 2), (114.301, 30.594, 500, 2), (114.313, 30.577, 500, 1),
    ]),
    "市场商户": (750, 14, 0.15, [
        (114.273, 30.570, 450, 5), (114.284, 30.577, 450, 3), (114.304, 30.548, 500, 2),
        (114.340, 30.590, 400, 1), (114.250, 30.622, 600, 2), (114.293, 30.604, 500, 2),
    ]),
    "快递物流": (450, 22, 0.20, [
        (114.300, 30.640, 600, 3), (114.247, 30.628, 600, 3), (114.355, 30.606, 500, 2),
        (114.244, 30.578, 500, 2), (114.300, 30.544, 500, 1),
    ]),
    "产业工人": (400, 36, 0.08, [
        (114.345, 30.604, 700, 3), (114.356, 30.627, 500, 2), (114.246, 30.586, 600, 3),
        (114.317, 30.640, 600, 2), (114.294, 30.628, 600, 2), (114.293, 30.5435, 400, 1),
    ]),
    "建筑工人": (300, 38, 0.25, [
        (114.242, 30.598, 500, 3), (114.317, 30.625, 500, 3), (114.328, 30.597, 500, 2),
        (114.268, 30.641, 500, 2), (114.310, 30.557, 500, 1),
    ]),
}  # fmt: skip
WORK_NAMES = {
    "楼宇职工": ("写字楼", "商务中心", "创意园"),
    "市场商户": ("服装市场", "小商品市场", "菜市场", "数码城"),
    "快递物流": ("快递网点", "分拨中心", "外卖站点"),
    "产业工人": ("机械厂", "食品厂", "电子厂", "印刷厂"),
    "建筑工人": ("建设工地", "地铁工地"),
}

# Today's stations stand in three old districts and leave the rest of the city empty.
STATIONS = 40
STATION_SPACING = 520
STATION_CLUSTERS = [
    (114.281, 30.581, 800, 5), (114.270, 30.573, 700, 4), (114.291, 30.596, 900, 4),
    (114.305, 30.609, 800, 3), (114.267, 30.597, 700, 4), (114.306, 30.548, 700, 4),
    (114.333, 30.548, 900, 4), (114.249, 30.575, 700, 4), (114.258, 30.632, 500, 2),
    (114.342, 30.588, 600, 2),
]  # fmt: skip
STATION_HOURS = ("8:00-20:00", "周一至周五 8:30-17:30", "24小时", "每天8点到20点", "7:00-21:00")

SHOPS = 600
SHOP_CLUSTERS = [(lon, lat, 1500, 1) for _, _, _, c in GROUPS.values() for lon, lat, _, _ in c]
# Kind: share of the rows, cost in 10,000 yuan (lowest, highest), hours.
SHOP_KINDS = {
    "便利店": (0.24, 1.0, 4.0, "24小时"),
    "房屋中介": (0.14, 0.8, 3.0, "9:00-21:00"),
    "银行网点": (0.11, 1.5, 5.0, "周一至周五 9:00-17:00"),
    "商务楼宇": (0.12, 3.0, 12.0, "8:00-20:00"),
    "社区服务中心": (0.11, 0.0, 2.0, "周一至周六 8:30-17:30"),
    "党群服务中心": (0.06, 0.0, 2.0, "周一至周五 8:30-17:30"),
    "餐厅": (0.08, 1.0, 4.0, "10:00-22:00"),
    "产业园区": (0.06, 4.0, 15.0, "全天"),
    "加油站": (0.04, 1.0, 3.0, "24小时"),
    "通信营业厅": (0.04, 1.0, 3.0, "9:00-18:00"),
}
AMENITIES = ("座椅", "饮水机", "微波炉", "手机充电", "卫生间", "雨具", "急救箱", "无线WiFi")
LAKE = (114.3265, 30.5695)  # in the Sand Lake
RIVER = (114.3075, 30.5925)  # in the middle of the Yangtze


def main() -> None:
    """Read the arguments and write every file."""
    parser = argparse.ArgumentParser(description="Make the demo city from neatnet's streets.")
    parser.add_argument("source", type=Path, help="neatnet-0.1.6.tar.gz, or its original.parquet")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "wuhan")
    arguments = parser.parse_args()
    make(arguments.source, arguments.out)


def make(source: Path, out: Path) -> None:
    """Write streets, zones, workers, stations and shops into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    streets = cut_streets(source)
    streets.to_parquet(out / "streets.parquet", compression="zstd", index=False)
    zones = make_zones()
    (out / "districts.geojson").write_text(zones_as_geojson(zones), encoding="utf-8")
    rng = np.random.default_rng(SEED)
    ground = Ground(streets, zones)
    workers = make_workers(ground, rng)
    stations = make_stations(ground, rng)
    shops = make_shops(ground, rng)
    write_csv(workers, out / "workers.csv", "gb18030")
    write_csv(stations, out / "stations.csv", "utf-8-sig")
    write_xlsx(shops, out / "shops.xlsx")


def cut_streets(source: Path) -> gpd.GeoDataFrame:
    """Read neatnet's streets and keep the pieces that touch the window."""
    if source.suffix == ".parquet":
        streets = gpd.read_parquet(source)
    else:
        with tarfile.open(source) as archive:
            name = next(n for n in archive.getnames() if n.endswith(MEMBER))
            member = archive.extractfile(name)
            if member is None:
                raise SystemExit(f"{name} is not a file in {source}.")
            streets = gpd.read_parquet(io.BytesIO(member.read()))
    streets = streets[["highway", "geometry"]].set_crs(METRES, allow_override=True)
    window = to_metres([shapely.box(*STREET_BOX)])[0]
    tunnels = to_metres([shapely.box(*box) for box in TUNNEL_BOXES])
    tunnel = streets.intersects(shapely.union_all(tunnels)) & (streets["highway"] == "primary")
    return streets[streets.intersects(window) & ~tunnel].reset_index(drop=True)


def make_zones() -> gpd.GeoDataFrame:
    """Build four made-up planning zones that bear the names of the districts."""
    west, south, east, north = ZONE_BOX
    rings = {
        "硚口区": [*HAN_WEST, *QIAOKOU_JIANGHAN],
        "江汉区": [
            *HAN_EAST, *YANGTZE_MOUTH, *JIANGHAN_JIANGAN, (west, north), *QIAOKOU_JIANGHAN[::-1],
        ],
        "江岸区": [*YANGTZE_NORTH, *JIANGHAN_JIANGAN[::-1]],
        "武昌区": [*YANGTZE_SOUTH, *YANGTZE_MOUTH, *YANGTZE_NORTH, (east, north), (east, south)],
    }  # fmt: skip
    zones = [shapely.Polygon(ring) for ring in rings.values()]
    return gpd.GeoDataFrame({"district": list(rings)}, geometry=zones, crs=4326)


def zones_as_geojson(zones: gpd.GeoDataFrame) -> str:
    """Write the zones as GeoJSON text, each marked as synthetic."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "district": row.district,
                "name_en": ENGLISH[row.district],
                "synthetic": True,
                "note": LABEL,
            },
            "geometry": shapely.geometry.mapping(row.geometry),
        }
        for row in zones.itertuples()
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    return text.replace('{"type": "Feature",', '\n{"type": "Feature",') + "\n"


class Ground:
    """Where made-up places may stand: along walkable streets inside the zones."""

    def __init__(self, streets: gpd.GeoDataFrame, zones: gpd.GeoDataFrame) -> None:
        walkable = streets[~streets["highway"].isin(NOT_WALKED)]
        main = walkable[largest_part(walkable)]
        self.lines = main.loc[~main["highway"].isin(NOT_BUILT_ON), "geometry"].to_numpy()
        self.zones = zones.to_crs(METRES)
        self.tree = shapely.STRtree(self.lines)
        self.ends = np.cumsum(shapely.length(self.lines))

    def draw(
        self, rng: np.random.Generator, clusters: list[tuple[float, ...]], even: float = 0.0
    ) -> tuple[shapely.Point, str]:
        """Draw one place beside a street, at most 60 m off it, and its zone."""
        while True:
            if rng.random() < even:
                line = self.lines[np.searchsorted(self.ends, rng.random() * self.ends[-1])]
                along = rng.random() * line.length
            else:
                wish = near_cluster(rng, clusters)
                line = self.lines[self.tree.nearest(wish)]
                if line.distance(wish) > FAR:  # a wish in the river would crowd its banks
                    continue
                along = line.project(wish)
            place = beside(line, along, rng.uniform(-1, 1) ** 3 * 60)
            inside = self.zones.index[self.zones.contains(place)]
            if len(inside):
                return place, self.zones["district"][inside[0]]


def largest_part(streets: gpd.GeoDataFrame) -> np.ndarray:
    """Mark the streets of the largest connected part (line ends that meet)."""
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(streets.geometry, i))
                           for i in (0, -1)])  # fmt: skip
    _, node = np.unique(ends.round(2), axis=0, return_inverse=True)
    tail, head = node.reshape(2, -1)
    graph = coo_array((np.ones(len(tail)), (tail, head)), shape=(node.max() + 1,) * 2)
    _, part = connected_components(graph, directed=False)
    return part[tail] == np.bincount(part[tail]).argmax()


def near_cluster(rng: np.random.Generator, clusters: list[tuple[float, ...]]) -> shapely.Point:
    """Draw a point around one of the clusters (metres)."""
    weights = np.array([cluster[3] for cluster in clusters], dtype=float)
    chosen = clusters[np.searchsorted(np.cumsum(weights) / weights.sum(), rng.random())]
    centre = to_metres([shapely.Point(chosen[:2])])[0]
    east, north = rng.normal(0, chosen[2], 2)
    return shapely.Point(centre.x + east, centre.y + north)


def beside(line: shapely.LineString, along: float, offset: float) -> shapely.Point:
    """Give the point ``offset`` metres to the side of a place on a street."""
    place = line.interpolate(along)
    before, after = line.interpolate(max(along - 1, 0)), line.interpolate(along + 1)
    length = max(before.distance(after), 1e-9)
    east, north = (after.x - before.x) / length, (after.y - before.y) / length
    return shapely.Point(place.x - north * offset, place.y + east * offset)


def to_metres(shapes: list[shapely.Geometry]) -> np.ndarray:
    """Project shapes from degrees to metres."""
    return gpd.GeoSeries(shapes, crs=4326).to_crs(METRES).to_numpy()


def as_columns(places: list[shapely.Point]) -> pd.DataFrame:
    """Write places (metres) as GCJ-02 columns 经度, 纬度 of six decimals."""
    degrees = gpd.GeoSeries(places, crs=METRES).to_crs(4326)
    return gcj_columns(degrees.x.to_numpy(), degrees.y.to_numpy())


def gcj_columns(lon: np.ndarray, lat: np.ndarray) -> pd.DataFrame:
    """Shift WGS84 to GCJ-02 and write both coordinates as text."""
    lon, lat = from_wgs84((lon, lat), "gcj02")
    return pd.DataFrame({"经度": [f"{x:.6f}" for x in lon], "纬度": [f"{y:.6f}" for y in lat]})


def make_workers(ground: Ground, rng: np.random.Generator) -> pd.DataFrame:
    """Draw 3,000 workplaces of five groups; ten rows are bad on purpose."""
    rows, places = [], []
    for group, (count, median, even, clusters) in GROUPS.items():
        for _ in range(count):
            place, zone = ground.draw(rng, clusters, even)
            name = WORK_NAMES[group][rng.integers(len(WORK_NAMES[group]))]
            workers = int(np.clip(round(median * np.exp(rng.normal(0, 0.8))), 2, 1500))
            rows.append((f"示例{name}", group, str(workers), zone))
            places.append(place)
    table = pd.DataFrame(rows, columns=["单位名称", "人群", "职工人数", "所属区"])
    table[["经度", "纬度"]] = as_columns(places)
    table = table.iloc[np.argsort(rng.random(len(table)))].reset_index(drop=True)
    table.insert(0, "编号", [f"W{i:04d}" for i in range(1, len(table) + 1)])
    table["单位名称"] += " " + table["编号"]
    table["备注"] = LABEL
    spoil_workers(table)
    return table[["编号", "单位名称", "人群", "职工人数", "经度", "纬度", "所属区", "备注"]]


def spoil_workers(table: pd.DataFrame) -> None:
    """Put in the faults that real tables have."""
    spoil_places(table, blank=[316, 1204], swapped=[871], lake=[1499, 2250], river=[2711])
    table.loc[[58, 1930], "职工人数"] = ""
    table.loc[2402, "职工人数"] = "待核实"
    table.loc[640, "职工人数"] = "1,200"
    table.loc[1777, "经度"] = "待补"


def spoil_places(
    table: pd.DataFrame, *, blank: list[int], swapped: list[int], lake: list[int], river: list[int]
) -> None:
    """Blank, swap or move the coordinates of some rows (positions)."""
    table.loc[blank, ["经度", "纬度"]] = ""
    table.loc[swapped, ["经度", "纬度"]] = table.loc[swapped, ["纬度", "经度"]].to_numpy()
    for rows, (lon, lat) in ((lake, LAKE), (river, RIVER)):
        shifted = gcj_columns(np.full(len(rows), lon), np.full(len(rows), lat))
        table.loc[rows, ["经度", "纬度"]] = shifted.to_numpy()


def make_stations(ground: Ground, rng: np.random.Generator) -> pd.DataFrame:
    """Draw 40 stations at least 520 m apart, and one more without coordinates."""
    places: list[shapely.Point] = []
    zones: list[str] = []
    while len(places) < STATIONS:
        place, zone = ground.draw(rng, STATION_CLUSTERS)
        if not places or shapely.distance(place, places).min() >= STATION_SPACING:
            places.append(place)
            zones.append(zone)
    home = rng.random(STATIONS) < 0.3
    table = as_columns(places)
    table.insert(0, "编号", [f"S{i:02d}" for i in range(1, STATIONS + 1)])
    table["类型"] = np.where(home, "共享职工之家", "暖心驿站")
    table["站点名称"] = "示例" + table["类型"] + " " + table["编号"]
    table["所属区"] = zones
    table["开放时间"] = [STATION_HOURS[i] for i in rng.integers(len(STATION_HOURS), size=STATIONS)]
    table["配套设施"] = [amenities(rng, 4) for _ in range(STATIONS)]
    table["是否对外开放"] = np.where(rng.random(STATIONS) < 0.9, "是", "")
    table["备注"] = LABEL
    last = dict.fromkeys(table.columns, "") | {
        "编号": "S41", "站点名称": "示例暖心驿站 S41", "类型": "暖心驿站", "所属区": "武昌区",
        "备注": LABEL + "，坐标待补",
    }  # fmt: skip
    table = pd.concat([table, pd.DataFrame([last])], ignore_index=True)
    return table[["编号", "站点名称", "类型", "经度", "纬度", "所属区", "开放时间", "配套设施",
                  "是否对外开放", "备注"]]  # fmt: skip


def make_shops(ground: Ground, rng: np.random.Generator) -> pd.DataFrame:
    """Draw 600 shops and buildings that could host a station; six rows are bad."""
    shares = np.cumsum([kind[0] for kind in SHOP_KINDS.values()])
    names = list(SHOP_KINDS)
    rows, places = [], []
    for number in range(1, SHOPS + 1):
        place, zone = ground.draw(rng, SHOP_CLUSTERS, 0.35)
        kind = names[int(np.searchsorted(shares, rng.random() * shares[-1]))]
        _, low, high, hours = SHOP_KINDS[kind]
        rows.append({
            "编号": f"C{number:03d}",
            "门店名称": f"示例{kind} C{number:03d}",
            "业态": kind,
            "详细地址": f"{zone}示例路{rng.integers(1, 400)}号",
            "所属区": zone,
            "营业时间": hours,
            "配套设施": amenities(rng, 2),
            "是否临街": ("是", "是", "√", "否", "")[rng.integers(5)],
            "投入(万元)": f"{rng.uniform(low, high):.1f}",
            "备注": LABEL,
        })  # fmt: skip
        places.append(place)
    table = pd.DataFrame(rows)
    table[["经度", "纬度"]] = as_columns(places)
    spoil_places(table, blank=[101], swapped=[402], lake=[250], river=[555])
    table.loc[[77, 313], "投入(万元)"] = ["面议", ""]
    return table[["编号", "门店名称", "业态", "详细地址", "经度", "纬度", "所属区", "营业时间",
                  "配套设施", "是否临街", "投入(万元)", "备注"]]  # fmt: skip


def amenities(rng: np.random.Generator, least: int) -> str:
    """Draw a list of equipment, as planners write it."""
    keep = np.sort(rng.permutation(len(AMENITIES))[: rng.integers(least, len(AMENITIES))])
    return "、".join(AMENITIES[i] for i in keep)


def write_csv(table: pd.DataFrame, path: Path, encoding: str) -> None:
    """Write a CSV file with the same bytes on every system."""
    path.write_bytes(table.to_csv(index=False, lineterminator="\r\n").encode(encoding))


def write_xlsx(table: pd.DataFrame, path: Path) -> None:
    """Write an Excel file with numbers as numbers and a fixed date of creation."""
    numbers = table.copy()
    for name in ("经度", "纬度", "投入(万元)"):
        values = pd.to_numeric(table[name], errors="coerce")
        numbers[name] = values.astype(object).where(values.notna(), table[name])
    with pd.ExcelWriter(path, engine="xlsxwriter") as writer:
        created = dt.datetime(2024, 6, 1, tzinfo=dt.UTC).replace(tzinfo=None)
        writer.book.set_properties({"created": created, "comments": LABEL})
        numbers.to_excel(writer, sheet_name="候选点", index=False)
        sheet = writer.sheets["候选点"]
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(table.columns) - 1, 14)


if __name__ == "__main__":
    main()
