"""WGS-84, GCJ-02 and BD-09 against published vectors and another program's numbers."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from servicecircle.coordinates import from_wgs84, mainland, near_mainland, to_wgs84
from servicecircle.errors import CrsError, InputError

GEOD = Geod(ellps="WGS84")

# Six decimals: WGS-84, GCJ-02, BD-09 (lon, lat each)
PUBLISHED = {
    "Dongcheng": (116.4164, 39.9289, 116.422640, 39.930301, 116.429076, 39.936425),
    "Miyun": (116.8430, 40.3760, 116.849034, 40.377168, 116.855542, 40.383151),
    "Shenyang": (123.4315, 41.8057, 123.437636, 41.808128, 123.444222, 41.813908),
    "Dalian": (121.6147, 38.9140, 121.619643, 38.914777, 121.626278, 38.920418),
    "Panjin": (122.0707, 41.1199, 122.076192, 41.121992, 122.082714, 41.127870),
    "Fuzhou": (119.2965, 26.0745, 119.301300, 26.071398, 119.307785, 26.077560),
    "Xiamen": (118.0894, 24.4798, 118.094377, 24.477153, 118.100821, 24.483411),
    "Quanzhou": (118.6757, 24.8741, 118.680247, 24.871192, 118.686692, 24.877552),
    "Chiping": (116.2550, 36.5807, 116.260644, 36.580898, 116.267070, 36.587077),
}

# Cities all over the country, computed with coord-convert 0.2.1 from PyPI: WGS-84, GCJ-02, BD-09
OTHER_PROGRAM = np.array(
    [
        (87.6168, 43.8256, 87.619649949, 43.826805393, 87.626099771, 43.832949795),
        (75.9891, 39.4704, 75.992052681, 39.470624930, 75.998557017, 39.476596129),
        (91.1409, 29.6456, 91.142429336, 29.642863987, 91.149020388, 29.648593693),
        (80.1055, 32.5011, 80.107716057, 32.498618242, 80.114289025, 32.504390500),
        (103.8343, 36.0611, 103.836703109, 36.060772717, 103.843239539, 36.066665351),
        (101.7782, 36.6171, 101.780132466, 36.617018339, 101.786592838, 36.623174437),
        (106.2309, 38.4872, 106.235298913, 38.487659532, 106.241811876, 38.493565475),
        (111.751, 40.8427, 111.757918129, 40.844147358, 111.764481350, 40.850017371),
        (117.379, 49.598, 117.387298435, 49.599968209, 117.393793426, 49.606024605),
        (122.5364, 52.9723, 122.543436650, 52.973818237, 122.549888944, 52.979944628),
        (127.499, 50.244, 127.506409214, 50.245707875, 127.513033403, 50.251339545),
        (130.3661, 42.8629, 130.373271447, 42.865557254, 130.379910633, 42.871196235),
        (124.3826, 40.129, 124.388431544, 40.130590374, 124.395049396, 40.136255892),
        (122.1217, 37.5097, 122.126754803, 37.510730568, 122.133263647, 37.516665484),
        (120.3826, 36.0671, 120.387733080, 36.067376228, 120.394213050, 36.073416833),
        (121.4737, 31.2304, 121.478223059, 31.228457738, 121.484781469, 31.234310594),
        (122.2072, 29.9853, 122.211358130, 29.982897231, 122.217923865, 29.988563774),
        (120.6994, 27.9943, 120.703458301, 27.991017900, 120.709923359, 27.997256982),
        (114.0579, 22.5431, 114.063013999, 22.540382814, 114.069563987, 22.546041559),
        (113.5767, 22.2707, 113.581739045, 22.267684535, 113.588297886, 22.273343694),
        (110.3312, 20.0311, 110.335570844, 20.029053665, 110.342118651, 20.034729582),
        (109.5119, 18.2528, 109.515984295, 18.251094792, 109.522531792, 18.256876554),
        (102.7123, 25.0406, 102.713741625, 25.037627352, 102.720155014, 25.043915320),
        (100.797, 22.01, 100.798123668, 22.007139594, 100.804570150, 22.013443191),
        (98.582, 24.433, 98.582153633, 24.429830322, 98.588716900, 24.435534086),
        (104.0657, 30.6595, 104.068207400, 30.657079145, 104.074701703, 30.663109266),
        (114.3055, 30.5928, 114.310944888, 30.590390564, 114.317512682, 30.596099926),
        (112.9388, 28.2282, 112.944249775, 28.224692417, 112.950743324, 28.230797562),
    ]
)

INSIDE = {
    "Shenzhen, Luohu": (114.120, 22.540),
    "Shenzhen, Futian": (114.060, 22.535),
    "Shekou": (113.915, 22.480),
    "Yantian": (114.240, 22.560),
    "Dapeng": (114.480, 22.600),
    "Zhuhai, Gongbei": (113.548, 22.222),
    "Zhuhai, Hengqin": (113.525, 22.130),
    "Zhuhai, Wanzai": (113.525, 22.200),
    "Xiamen": (118.090, 24.480),
    "Xiamen, Dadeng": (118.335, 24.558),
    "Huangqi, opposite Matsu": (119.875, 26.330),
    "Pingtan": (119.790, 25.500),
    "Sanya": (109.510, 18.250),
    "Haikou": (110.330, 20.030),
    "Weizhou island": (109.110, 21.040),
    "Zhoushan": (122.200, 29.990),
    "Shengsi islands": (122.450, 30.730),
    "Chongming": (121.750, 31.500),
    "Yangshan port": (122.050, 30.630),
    "Weihai": (122.120, 37.510),
    "Changdao": (120.730, 37.920),
    "Dalian": (121.610, 38.910),
    "Dandong": (124.385, 40.130),
    "Ji'an": (126.190, 41.125),
    "Changbai": (128.200, 41.425),
    "Tumen": (129.840, 42.970),
    "Hunchun": (130.360, 42.860),
    "Suifenhe": (131.150, 44.400),
    "Fuyuan": (134.290, 48.360),
    "Heihe": (127.500, 50.240),
    "Manzhouli": (117.440, 49.590),
    "Erenhot": (111.970, 43.650),
    "Alashankou": (82.570, 45.170),
    "Khorgas": (80.420, 44.200),
    "Tacheng": (82.980, 46.750),
    "Tashkurgan": (75.230, 37.770),
    "Purang": (81.180, 30.290),
    "Zhangmu": (85.983, 27.990),
    "Yadong": (88.910, 27.490),
    "Ruili": (97.855, 24.015),
    "Wanding": (98.070, 24.085),
    "Mengla": (101.560, 21.460),
    "Hekou": (103.955, 22.515),
    "Pingxiang": (106.750, 22.100),
    "Dongxing": (107.970, 21.548),
    "Beijing": (116.400, 39.900),
    "Urumqi": (87.600, 43.800),
    "Lhasa": (91.100, 29.650),
}

OUTSIDE = {
    "Sheung Shui": (114.127, 22.503),
    "Lo Wu": (114.113, 22.526),
    "Sha Tau Kok": (114.222, 22.543),
    "Tin Shui Wai": (114.000, 22.457),
    "Hong Kong, Central": (114.160, 22.280),
    "Tai O": (113.862, 22.254),
    "Ping Chau": (114.435, 22.545),
    "Macau": (113.545, 22.195),
    "Taipa": (113.560, 22.157),
    "Coloane": (113.563, 22.125),
    "Kinmen": (118.320, 24.430),
    "Little Kinmen": (118.240, 24.430),
    "Matsu, Beigan": (119.990, 26.225),
    "Taipei": (121.560, 25.030),
    "Penghu": (119.570, 23.570),
    "Sinuiju": (124.400, 40.090),
    "Hyesan": (128.180, 41.395),
    "Namyang": (129.860, 42.945),
    "Pyongyang": (125.750, 39.030),
    "Seoul": (126.980, 37.570),
    "Jeju": (126.500, 33.500),
    "Kraskino": (130.780, 42.710),
    "Vladivostok": (131.900, 43.100),
    "Khabarovsk": (135.070, 48.480),
    "Blagoveshchensk": (127.540, 50.275),
    "Zabaykalsk": (117.325, 49.650),
    "Zamyn-Uud": (111.900, 43.725),
    "Ulaanbaatar": (106.900, 47.900),
    "Dostyk": (82.480, 45.250),
    "Almaty": (76.900, 43.250),
    "Bishkek": (74.600, 42.870),
    "Leh": (77.580, 34.160),
    "Kathmandu": (85.300, 27.700),
    "Gangtok": (88.610, 27.330),
    "Thimphu": (89.640, 27.470),
    "Muse": (97.905, 23.985),
    "Lao Cai": (103.970, 22.485),
    "Lang Son": (106.760, 21.850),
    "Mong Cai": (107.965, 21.525),
    "Hanoi": (105.850, 21.030),
    "Tokyo": (139.700, 35.700),
    "Porto Alegre": (-51.200, -30.050),
}


def metres(lon1, lat1, lon2, lat2):
    return GEOD.inv(lon1, lat1, lon2, lat2)[2]


def points_inside(number: int = 20_000, seed: int = 5):
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(73, 136, number), rng.uniform(18, 54, number)
    inside = shapely.contains_xy(mainland(), lon, lat)
    return lon[inside], lat[inside]


@pytest.mark.parametrize("row", PUBLISHED.values(), ids=PUBLISHED)
@pytest.mark.parametrize(("system", "at"), [("gcj02", 2), ("bd09", 4)])
def test_published_vectors_agree_in_both_directions(row, system, at):
    shifted = from_wgs84((row[0:1], row[1:2]), system)
    np.testing.assert_allclose(np.ravel(shifted), row[at : at + 2], atol=5.1e-7)
    back = to_wgs84((row[at : at + 1], row[at + 1 : at + 2]), system)
    assert metres(*np.ravel(back), row[0], row[1]) < 0.1  # half of the sixth decimal


@pytest.mark.parametrize(("system", "at"), [("gcj02", 2), ("bd09", 4)])
def test_another_program_gives_the_same_numbers(system, at):
    lon, lat = from_wgs84((OTHER_PROGRAM[:, 0], OTHER_PROGRAM[:, 1]), system)
    np.testing.assert_allclose(lon, OTHER_PROGRAM[:, at], atol=1e-9)
    np.testing.assert_allclose(lat, OTHER_PROGRAM[:, at + 1], atol=1e-9)
    lon, lat = to_wgs84((OTHER_PROGRAM[:, at], OTHER_PROGRAM[:, at + 1]), system)
    assert metres(lon, lat, OTHER_PROGRAM[:, 0], OTHER_PROGRAM[:, 1]).max() < 0.01


@pytest.mark.parametrize(("system", "there"), [("gcj02", "wgs_gcj"), ("bd09", "wgs_bd")])
def test_an_independent_package_agrees_at_a_thousand_points(system, there):
    prcoords = pytest.importorskip("prcoords", reason="compares with the package prcoords")
    lon, lat = (values[:1_000] for values in points_inside(seed=7))
    assert len(lon) == 1_000
    pairs = list(zip(lat, lon, strict=True))
    other = np.array([getattr(prcoords, there)(pair, check_china=False) for pair in pairs])
    ours = from_wgs84((lon, lat), system)
    assert metres(*ours, other[:, 1], other[:, 0]).max() < 0.01
    back = to_wgs84((other[:, 1], other[:, 0]), system)  # its own inverse is 1.7 cm off
    assert metres(*back, lon, lat).max() < 0.01


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_a_thousand_points_outside_stay_where_they_are(system):
    generator = np.random.default_rng(8)
    lon, lat = generator.uniform(-180, 180, 4_000), generator.uniform(-85, 85, 4_000)
    outside = shapely.distance(mainland(), shapely.points(lon, lat)) > 0.05
    lon, lat = lon[outside][:1_000], lat[outside][:1_000]
    assert len(lon) == 1_000
    for moved in (from_wgs84((lon, lat), system), to_wgs84((lon, lat), system)):
        np.testing.assert_array_equal(moved, (lon, lat))


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_there_and_back_is_exact_to_a_micrometre(system):
    lon, lat = points_inside()
    back = to_wgs84(from_wgs84((lon, lat), system), system)
    assert len(lon) > 5_000
    assert metres(*back, lon, lat).max() < 1e-6


@given(lon=st.floats(85, 116), lat=st.floats(30, 40), system=st.sampled_from(["gcj02", "bd09"]))
def test_a_shift_is_never_longer_than_two_kilometres(lon, lat, system):
    x, y = from_wgs84(([lon], [lat]), system)
    assert 50 < metres(x[0], y[0], lon, lat) < 2_000


@pytest.mark.parametrize("city", INSIDE)
def test_places_in_mainland_china_are_shifted(city):
    lon, lat = INSIDE[city]
    x, y = from_wgs84(([lon], [lat]), "gcj02")
    assert metres(x[0], y[0], lon, lat) > 100
    assert near_mainland(np.array([lon]), np.array([lat])).all()


@pytest.mark.parametrize("city", OUTSIDE)
@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_places_outside_stay_where_they_are(city, system):
    lon, lat = OUTSIDE[city]
    assert np.ravel(from_wgs84(([lon], [lat]), system)).tolist() == [lon, lat]


@pytest.mark.parametrize("city", ["Hong Kong, Central", "Taipei", "Seoul", "Hanoi", "Almaty"])
def test_places_well_outside_come_back_unchanged(city):
    lon, lat = OUTSIDE[city]
    assert np.ravel(to_wgs84(([lon], [lat]), "bd09")).tolist() == [lon, lat]


def test_missing_infinite_and_huge_coordinates_pass_through():
    lon = np.array([np.nan, np.inf, 1e300, 116.4])
    lat = np.array([39.9, 39.9, 1e300, np.nan])
    for convert in (to_wgs84, from_wgs84):
        x, y = convert((lon, lat), "bd09")
        np.testing.assert_array_equal(x, lon)
        np.testing.assert_array_equal(y, lat)


def test_empty_arrays_and_frames_give_empty_ones():
    assert [len(part) for part in to_wgs84(([], []), "gcj02")] == [0, 0]
    empty = gpd.GeoDataFrame({"name": []}, geometry=[], crs=4326)
    back = to_wgs84(empty, "gcj02")
    assert back.empty
    assert back.crs == 4326


def test_frames_keep_index_columns_and_their_input_unchanged():
    frame = gpd.GeoDataFrame(
        {"name": ["a", "b", "c"]},
        geometry=[shapely.Point(116.4, 39.9), None, shapely.Point()],
        crs=4326,
        index=["x", "y", "z"],
    )
    frame.attrs["source"] = "here"
    before = frame.copy()
    mars = from_wgs84(frame, "gcj02")
    assert mars.crs is None
    assert mars.attrs == {"source": "here"}
    assert list(mars.columns) == ["name", "geometry"]
    assert list(mars.index) == ["x", "y", "z"]
    assert mars.geometry["y"] is None
    assert mars.geometry["z"].is_empty
    assert frame.geometry.equals(before.geometry)
    back = to_wgs84(mars, "gcj02")
    assert back.crs == 4326
    assert back.geometry["x"].distance(frame.geometry["x"]) < 1e-9


def test_projected_frames_are_brought_to_degrees_first():
    point = gpd.GeoSeries([shapely.Point(116.422640, 39.930301)] * 2, crs=4326).to_crs(3857)
    back = to_wgs84(point, "gcj02")
    assert back.crs == 4326
    assert metres(back[0].x, back[0].y, 116.4164, 39.9289) < 0.1


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_long_lines_bend_with_the_shift(system):
    line = shapely.LineString([(114.0, 30.0), (115.0, 30.7)])
    bent = from_wgs84(gpd.GeoSeries([line], crs=4326), system)[0]
    along = shapely.get_coordinates(
        shapely.line_interpolate_point(line, np.linspace(0, 1, 997), normalized=True)
    )
    lon, lat = from_wgs84((along[:, 0], along[:, 1]), system)
    assert shapely.distance(bent, shapely.points(lon, lat)).max() * 111_000 < 0.15


def test_polygons_are_shifted_as_a_whole_and_those_outside_are_untouched():
    square = shapely.box(114.3, 30.5, 114.31, 30.51)
    paris = shapely.box(2.3, 48.8, 2.4, 48.9)
    series = gpd.GeoSeries([square, paris], crs=4326)
    shifted = from_wgs84(series, "gcj02")
    assert shifted[1] == paris
    assert shifted[0].is_valid
    back = to_wgs84(shifted, "gcj02")
    assert back[0].symmetric_difference(square).area < 1e-9 * square.area * 1e3


def test_the_outline_is_one_valid_piece_with_holes():
    assert mainland().is_valid
    assert shapely.get_num_coordinates(mainland()) < 1_000


@pytest.mark.parametrize("convert", [to_wgs84, from_wgs84])
def test_unknown_systems_are_refused(convert):
    with pytest.raises(CrsError, match=r"gcj02.*Amap.*not 'amap'"):
        convert(([116.0], [40.0]), "amap")


@pytest.mark.parametrize("convert", [to_wgs84, from_wgs84])
def test_arrays_of_different_length_are_refused(convert):
    with pytest.raises(InputError, match=r"\(2,\) and \(1,\)"):
        convert(([116.0, 117.0], [40.0]), "gcj02")


def test_other_types_are_refused():
    with pytest.raises(InputError, match="not ndarray"):
        to_wgs84(np.zeros((3, 2)), "gcj02")


def test_leaving_wgs84_needs_a_crs():
    with pytest.raises(CrsError, match="set_crs"):
        from_wgs84(gpd.GeoSeries([shapely.Point(116, 40)]), "gcj02")
