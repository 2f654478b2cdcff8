"""The saved map in a real browser: opens offline, answers clicks and keys, runs no text."""

from __future__ import annotations

import re

import folium
import geopandas as gpd
import pandas as pd
import pytest

import town
from hostile import PAYLOADS, hostile_map
from servicecircle.coordinates import from_wgs84
from servicecircle.coverage import measure_coverage
from servicecircle.maps import map_coverage, map_plan, save_map
from servicecircle.networks import read_network
from servicecircle.reach import walk_times
from servicecircle.siting import choose_sites

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::servicecircle.errors.ServiceCircleWarning"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    town.write_town(folder)
    return read_network(folder / "streets.geojson")


@pytest.fixture(scope="module")
def plan(world):
    stations, workers = town.stations(), town.workers()
    shops = town.shops().assign(name=[f"shop {k}" for k in range(1, 6)])
    return choose_sites(world, shops, workers, existing=stations, n_open=2, minutes=[5, 10])


@pytest.fixture(scope="module")
def saved(plan, tmp_path_factory):
    path = tmp_path_factory.mktemp("maps") / "plan.html"
    districts = town.districts().assign(name_en=["West", "East"])
    return save_map(map_plan(plan, title="小城 Town", districts=districts), path)


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_map_opens_without_error_and_asks_no_one_for_anything(open_map, saved, phone):
    opened = open_map(saved, phone=phone)
    opened.page.wait_for_timeout(300)
    assert opened.complaints == []
    assert opened.requests == []
    assert opened.page.locator("#panel h1").is_visible()
    assert opened.page.locator(".leaflet-site-pane .pin").count() == 2


def test_streets_and_dots_are_painted(open_map, saved):
    page = open_map(saved).page
    painted = page.evaluate(
        """() => [...document.querySelectorAll('#stage canvas')].map((canvas) => {
            const { width, height } = canvas;
            const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
            return data.some((value, index) => index % 4 === 3 && value > 0);
        })"""
    )
    assert painted[:2] == [True, True]


COUNTED = """() => {
    const { app } = ServiceCircle;
    const count = (window.drawn = { canvas: 0, outlines: 0 });
    for (const layer of [app.ground.streets, app.marks.gapLayer, app.marks.candidateLayer]) {
        const { drawOn } = layer;
        layer.drawOn = (...asked) => { count.canvas += 1; drawOn.apply(layer, asked); };
    }
    for (const renderer of Object.values(app.ground.drawn))
        renderer.on('update', () => { count.outlines += 1; });
}"""
MOVED = """async ([x, y]) => {
    ServiceCircle.app.map.panBy([x, y], { animate: false });
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    return window.drawn;
}"""


def test_a_short_move_draws_nothing_anew_and_a_long_one_draws_each_canvas_once(open_map, saved):
    page = open_map(saved).page
    page.evaluate("ServiceCircle.app.map.setZoom(16, { animate: false })")
    page.wait_for_timeout(100)
    page.evaluate(COUNTED)
    assert page.evaluate(MOVED, [90, 60]) == {"canvas": 0, "outlines": 0}
    assert page.evaluate(MOVED, [500, 0]) == {"canvas": 3, "outlines": 6}


def test_after_a_move_the_canvases_hold_what_a_drawing_from_scratch_does(open_map, saved):
    page = open_map(saved).page
    same = page.evaluate(
        """async () => {
            const { app } = ServiceCircle;
            app.map.setZoom(16.5, { animate: false });
            app.map.panBy([-700, 260], { animate: false });
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            const layers = [app.ground.streets, app.marks.gapLayer, app.marks.candidateLayer];
            const before = layers.map((layer) => layer.canvas.toDataURL());
            const places = layers.map((layer) => layer.canvas.style.transform);
            for (const layer of layers) layer.draw();
            return layers.map((layer, index) => before[index] === layer.canvas.toDataURL() &&
                places[index] === layer.canvas.style.transform); }"""
    )
    assert same == [True, True, True]


def test_candidates_are_found_where_they_are_drawn(open_map, saved):
    page = open_map(saved).page
    page.evaluate("ServiceCircle.app.map.setZoom(16, { animate: false })")
    page.evaluate("ServiceCircle.app.map.panBy([60, 40], { animate: false })")
    page.wait_for_timeout(100)
    white = page.evaluate(
        """() => {
            const { map, data, marks } = ServiceCircle.app;
            const { canvas, ratio } = marks.candidateLayer;
            const box = canvas.getBoundingClientRect();
            const stage = map.getContainer().getBoundingClientRect();
            return data.candidates.map(({ at }, index) => {
                const point = map.latLngToContainerPoint(at);
                const [x, y] = [point.x + stage.x - box.x, point.y + stage.y - box.y];
                const scale = canvas.width / box.width;
                const pixel = canvas.getContext('2d').getImageData(
                    Math.round(x * scale), Math.round(y * scale), 1, 1).data;
                return [[...pixel], marks.under(L.latLng(at), 0)?.index === index];
            }); }"""
    )
    assert white
    assert all(pixel == [255, 255, 255, 255] and found for pixel, found in white)


def test_the_page_says_the_plans_own_figures(open_map, saved, plan):
    page = open_map(saved).page
    before, after = plan.curve["share"].iloc[0], plan.curve["share"].iloc[-1]
    headline = page.locator("#panel h1 .en").inner_text()
    assert headline == (f"2 new stations lift 10-minute coverage from {before:.0%} to {after:.0%}")
    gains = page.locator("#panel .row.site .first").all_inner_texts()
    assert gains == [f"+{gain:,.0f}" for gain in plan.sites["gain"]]


def test_the_three_views_change_map_list_and_headline(open_map, saved):
    page = open_map(saved).page
    page.get_by_role("button", name="现状 Today").click()
    assert "现有 1 个站点" in page.locator("h1 .zh").inner_text()
    assert page.locator(".leaflet-site-pane .pin").count() == 0
    assert page.locator(".row.spot").count() > 0
    page.get_by_role("button", name="变化 Change").click()
    assert page.locator(".leaflet-site-pane .pin").count() == 2
    assert page.get_by_role("tab", name="各区 Districts").get_attribute("aria-selected") == "true"
    assert re.search(r"\+\d+", page.locator(".district .points").first.inner_text())


def test_a_group_changes_every_number(open_map, saved, plan):
    page = open_map(saved).page
    page.locator(".chips button").nth(1).click()
    assert "Factory workers" in page.locator("h1 .en").inner_text()
    demand = plan.demand[plan.demand["group"] == "factory"]
    shown = page.locator(".numbers b").all_inner_texts()
    left = demand.loc[~demand["covered"], "workers"].sum()
    assert shown[-1] == f"{left:,.0f}"
    total = page.locator(".row.site .second").last.inner_text()
    assert (
        total == f"{demand.loc[demand['covered'], 'workers'].sum() / demand['workers'].sum():.0%}"
    )


def test_a_row_opens_the_card_and_escape_gives_the_focus_back(open_map, saved, plan):
    page = open_map(saved).page
    row = page.locator(".row.site").nth(1)
    row.focus()
    page.keyboard.press("Enter")
    card = page.get_by_role("dialog")
    assert card.is_visible()
    assert f"+{plan.sites['gain'].iloc[1]:,.0f}" in card.inner_text()
    assert plan.sites["reason_zh"].iloc[1] in card.inner_text()
    assert page.locator(".leaflet-chosen-pane path").count() >= 3
    page.keyboard.press("Escape")
    assert not card.is_visible()
    assert row.evaluate("(row) => row === document.activeElement")


def test_a_pin_answers_to_the_keyboard(open_map, saved):
    page = open_map(saved).page
    pin = page.locator(".leaflet-site-pane .leaflet-marker-icon").first
    pin.focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Enter")
    assert not page.get_by_role("dialog").is_visible()
    assert pin.evaluate("(pin) => pin === document.activeElement")


def test_a_pin_a_station_and_a_candidate_open_their_cards(open_map, saved):
    page = open_map(saved).page
    page.locator(".leaflet-site-pane .mark").first.click()
    assert "第 1 个开设" in page.get_by_role("dialog").inner_text()
    page.keyboard.press("Escape")
    page.locator(".leaflet-station-pane .mark").first.click()
    assert "station S1" in page.get_by_role("dialog").inner_text()
    page.get_by_role("button", name="对比直线圆").click()
    assert "km²" in page.get_by_role("dialog").inner_text()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="图层 Layers").click()
    page.get_by_label("候选点 Candidates").check()
    page.keyboard.press("Escape")
    spot = page.evaluate(
        """() => { const { map, data } = ServiceCircle.app;
            const index = data.candidates.findIndex((place) => !place.site);
            const at = map.latLngToContainerPoint(data.candidates[index].at);
            const box = map.getContainer().getBoundingClientRect();
            return [at.x + box.x, at.y + box.y]; }"""
    )
    page.mouse.click(*spot)
    assert "未入选" in page.get_by_role("dialog").inner_text()


def test_languages_switch_and_set_the_pages_language(open_map, saved):
    page = open_map(saved).page
    page.get_by_role("button", name="EN", exact=True).click()
    assert page.locator("html").get_attribute("lang") == "en"
    assert not re.search(r"[\u4e00-\u9fff]", page.locator("#legend").inner_text())
    assert page.locator("#panel .bars, #panel ol").first.is_visible()
    page.get_by_role("button", name="中文").click()
    assert page.locator("html").get_attribute("lang") == "zh"
    assert "walk" not in page.locator("#legend").inner_text()


def test_coordinates_are_copied_in_the_system_that_is_asked_for(open_map, saved, plan):
    page = open_map(saved).page
    page.evaluate(
        """Object.defineProperty(navigator, 'clipboard',
            { value: { writeText: async (text) => { window.copied = text; } } })"""
    )
    page.locator(".row.site").first.click()
    page.get_by_role("button", name="复制坐标").click()
    at = plan.sites.geometry.to_crs(4326).iloc[0]
    for system, (longitude, latitude) in {
        "WGS-84": (at.x, at.y),
        "GCJ-02": from_wgs84((at.x, at.y), "gcj02"),
    }.items():
        page.get_by_role("button", name=system).click()
        copied = [float(part) for part in page.evaluate("window.copied").split(",")]
        assert copied == pytest.approx([float(longitude), float(latitude)], abs=1.1e-5)
        assert "已复制" in page.inner_text("#card .copies")


def test_a_hot_spot_in_the_list_flies_to_its_letter_on_the_map(open_map, saved):
    page = open_map(saved).page
    page.get_by_role("button", name="现状 Today").click()
    page.locator(".row.spot").first.click()
    page.wait_for_timeout(600)
    apart = page.evaluate(
        """() => { const { map, spots } = ServiceCircle.app;
            return map.getCenter().distanceTo(spots[0].at); }"""
    )
    assert apart < 25
    assert page.locator(".letter").first.inner_text() == "A"


@pytest.mark.parametrize("layer", ["dots", "stations", "streets"])
def test_a_layer_can_be_switched_off_and_on(open_map, saved, layer):
    page = open_map(saved).page
    shown = {
        "dots": "ServiceCircle.app.marks.dots.length > 0",
        "stations": "document.querySelector('.leaflet-station-pane .mark') !== null",
        "streets": "ServiceCircle.app.ground.streets.canvas.style.display !== 'none'",
    }[layer]
    page.get_by_role("button", name="图层 Layers").click()
    box = page.locator(f"[data-tool='layer {layer}']")
    for on in (False, True):
        box.set_checked(on)
        assert page.evaluate(shown) is on


def test_search_finds_by_id_and_opens_the_card(open_map, saved):
    page = open_map(saved).page
    page.get_by_role("combobox").fill("C1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert "shop 1" in page.get_by_role("dialog").inner_text()


def test_the_ruler_measures_between_clicks_and_opens_no_card(open_map, saved):
    page = open_map(saved).page
    page.get_by_role("button", name="测距 Measure").click()
    box = page.locator(".leaflet-container").bounding_box()
    x, y = box["x"] + 500, box["y"] + 450
    page.mouse.click(x, y)
    page.mouse.click(x + 120, y)
    page.mouse.click(x + 120, y + 90)
    expected = page.evaluate(
        """([x, y]) => { const { map } = ServiceCircle.app;
            const at = (a, b) => map.containerPointToLatLng([a, b]);
            return map.distance(at(x, y), at(x + 120, y)) +
                map.distance(at(x + 120, y), at(x + 120, y + 90)); }""",
        [500, 450],
    )
    shown = page.locator(".length").inner_text()
    metres = float(shown.split()[0]) * (1000 if "km" in shown else 1)
    assert metres == pytest.approx(expected, rel=0.01)
    assert not page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert page.locator(".length").count() == 0


def test_on_a_phone_the_sheet_opens_and_targets_are_large(open_map, saved):
    page = open_map(saved, phone=True).page
    assert not page.locator("#panel .list").is_visible()
    page.locator(".handle").tap()
    assert page.locator("#panel .list").is_visible()
    small = page.evaluate(
        """() => [...document.querySelectorAll('button:not(.handle)')]
            .filter((button) => button.offsetParent)
            .map((button) => [button.textContent, button.getBoundingClientRect()])
            .filter(([, box]) => box.width < 44 || box.height < 44)
            .map(([text, box]) => `${text} ${box.width}x${box.height}`)"""
    )
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_paper_shows_order_and_districts_and_pictures_instead_of_canvases(open_map, saved):
    page = open_map(saved).page
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#stage .leaflet-pane > img").count() == 3
    assert page.locator("#panel ol").count() == 1
    assert page.locator("#panel .bars").count() == 1
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("#stage .leaflet-pane > img").count() == 0
    assert page.locator("#search").is_visible()


def test_a_printed_sheet_is_one_page_of_a3_with_the_canvases_as_pictures(open_map, saved):
    page = open_map(saved).page
    sheet = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1
    (box,) = re.findall(rb"/MediaBox\s*\[([^\]]+)\]", sheet)
    width, height = (float(part) * 25.4 / 72 for part in box.split()[2:])
    assert (width, height) == pytest.approx((420, 297), abs=1)
    assert len(re.findall(rb"/Subtype\s*/Image", sheet)) >= 3


def test_on_paper_nothing_is_cut_or_written_over(open_map, world, tmp_path):
    workers = town.workers()
    workers.attrs["notes"] = [f"note {number} on how the table was read" for number in range(40)]
    shops = pd.concat([town.shops()] * 3, ignore_index=True)
    plan = choose_sites(world, shops, workers, n_open=9, minutes=[5, 10])
    districts = pd.concat([town.districts()] * 3, ignore_index=True)
    districts["name"] = [f"district {number}" for number in range(6)]
    opened = open_map(save_map(map_plan(plan, districts=districts), tmp_path / "m.html"))
    page = opened.page
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    list_, source, panel = (
        page.locator(one).bounding_box() for one in (".list", ".source", "#panel")
    )
    assert list_["y"] + list_["height"] <= source["y"] + 1
    assert source["y"] + source["height"] <= panel["y"] + panel["height"] + 1
    cut = "(list) => list.scrollHeight - list.clientHeight"
    assert page.locator(".list").evaluate(cut) <= 0
    assert page.locator(".list li").count() == len(plan.sites) + 6
    assert page.locator("#panel h1").is_visible()
    assert "note 39" not in page.inner_text(".source")  # too many for a sheet


def test_a_layer_of_ones_own_is_shown_on_the_map(open_map, plan, tmp_path):
    made = map_plan(plan)
    at = plan.sites.geometry.to_crs(4326).iloc[0]
    folium.CircleMarker([at.y, at.x], radius=40, class_name="mine").add_to(made)
    opened = open_map(save_map(made, tmp_path / "map.html"))
    assert opened.page.locator("path.mine").is_visible()
    assert opened.complaints == []


def test_a_card_links_its_photo_without_telling_where_from(open_map, world, tmp_path):
    stations = town.stations().assign(photo="https://photos.example/a b.jpg")
    today = measure_coverage(world, stations, town.workers(), minutes=[5, 10])
    opened = open_map(save_map(map_coverage(today, standard="miyun"), tmp_path / "m.html"))
    opened.page.evaluate("ServiceCircle.app.pick({type: 'station', index: 0})")
    link = opened.page.locator("#card a.photo")
    assert link.get_attribute("href") == "https://photos.example/a%20b.jpg"
    assert link.get_attribute("rel") == "noopener noreferrer"
    assert "photos.example" in link.inner_text()
    marks = opened.page.locator("#card .conditions [role=img]").all_inner_texts()
    assert marks == ["?"] * 4
    assert opened.requests == []


def test_a_switch_shows_one_year_the_other_and_the_change(open_map, world, tmp_path):
    workers = town.workers()
    before = measure_coverage(world, town.stations(), workers, minutes=[5, 10])
    after = measure_coverage(world, town.shops().iloc[:2], workers, minutes=[5, 10])
    payload = PAYLOADS["img"]
    made = map_coverage(after, before=before, years=(f"2024 {payload}", "2025"))
    opened = open_map(save_map(made, tmp_path / "m.html"))
    page = opened.page
    hollow = "getComputedStyle(document.querySelector('.station.gone path')).fill"
    white = "rgb(255, 255, 255)"
    names = [f"2024 {payload}", "2025", "变化 Change"]
    assert page.locator(".views button").all_inner_texts() == names
    assert f"2024 {payload}至2025" in page.inner_text("h1 .zh")
    assert page.evaluate(hollow) == white
    page.locator(".views button").nth(0).click()
    assert page.inner_text("h1 .zh").startswith(f"2024 {payload}：现有 1 个站点")
    assert page.evaluate(hollow) != white
    assert page.locator(".pin").count() == 0
    page.locator(".views button").nth(2).click()
    lost = before.demand["covered"] & ~after.demand["covered"]
    assert lost.any()
    shown = page.evaluate(
        """ServiceCircle.app.marks.dots.filter((dot) => dot.kind === 'lost')
            .reduce((sum, dot) => sum + dot.workers, 0)"""
    )
    assert shown == pytest.approx(workers.loc[lost, "workers"].sum())
    assert "不再覆盖" in page.inner_text("#legend")
    assert page.evaluate("window.ran") is None
    assert opened.complaints == []


def test_the_compass_circle_shows_the_workers_whom_the_walk_does_not_reach(open_map, saved, world):
    page = open_map(saved).page
    page.evaluate("ServiceCircle.app.pick({type: 'station', index: 0})")
    page.get_by_role("button", name="对比直线圆").click()
    shown = page.evaluate(
        """ServiceCircle.app.marks.dots.filter((dot) => dot.kind === 'missed')
            .reduce((sum, dot) => sum + dot.workers, 0)"""
    )
    workers = town.workers().to_crs(world.crs)
    away = workers.distance(town.stations().to_crs(world.crs).geometry.iloc[0])
    reach = walk_times(world, town.stations(), town.workers(), cutoff=10).nearest()["minutes"]
    missed = (away <= 750) & reach.reindex(workers.index).isna()
    assert missed.any()
    assert shown == workers.loc[missed, "workers"].sum()
    assert "走不到的职工" in page.inner_text("#legend")


def test_in_the_compass_circle_whoever_reaches_another_station_is_told_apart(
    open_map, world, tmp_path
):
    stations, workers = town.shops(), town.workers()
    today = measure_coverage(world, stations, workers, minutes=[5, 10])
    page = open_map(save_map(map_coverage(today), tmp_path / "m.html")).page
    page.evaluate("ServiceCircle.app.pick({type: 'station', index: 0})")
    page.get_by_role("button", name="对比直线圆").click()
    shown = page.evaluate(
        """['missed', 'elsewhere'].map((kind) => ServiceCircle.app.marks.dots
            .filter((dot) => dot.kind === kind)
            .reduce((sum, dot) => sum + dot.workers, 0))"""
    )
    first = walk_times(world, stations.iloc[:1], workers, cutoff=10).nearest()["minutes"]
    spot = stations.to_crs(world.crs).geometry.iloc[0]
    inside = workers.to_crs(world.crs).distance(spot) <= 750
    missed = inside & first.reindex(workers.index).isna()
    counts = [workers.loc[missed & (covered == today.demand["covered"]), "workers"].sum()
              for covered in (False, True)]  # fmt: skip
    assert min(counts) > 0
    assert shown == counts
    card = page.get_by_role("dialog").inner_text()
    assert f"其中 {counts[1]:,.0f} 人能走到别的站点" in card
    assert f"{counts[1]:,.0f} of them can walk to another station" in card
    assert "其中能走到别的站点" in page.inner_text("#legend")


def spoken(page):
    """Return what a screen reader is given, in its order: (role, name) of Chromium's tree."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    by_id = {node["nodeId"]: node for node in nodes}

    def walk(node):
        role = node.get("role", {}).get("value")
        if not node["ignored"] and role != "InlineTextBox":
            yield role, " ".join(node.get("name", {}).get("value", "").split())
        for child in node.get("childIds", []):
            if child in by_id:
                yield from walk(by_id[child])

    return list(walk(nodes[0]))


def test_a_screen_reader_hears_finding_figures_list_tools_and_pins_in_that_order(
    open_map, saved, plan
):
    page = open_map(saved).page
    page.get_by_role("button", name="EN", exact=True).click()
    heard = spoken(page)
    figures = plan.coverage.summary().iloc[-1]
    covered = plan.today.summary()["covered"].iloc[-1]
    added, left = figures["covered"] - covered, figures["workers"] - figures["covered"]
    before, after = plan.curve["share"].iloc[[0, -1]]
    order = [
        ("complementary", "Plan"),
        ("heading", f"2 new stations lift 10-minute coverage from {before:.0%} to {after:.0%}"),
        ("image", f"{covered:,.0f} covered, {added:,.0f} added, {left:,.0f} uncovered"),
        ("group", "View"),
        ("group", "Worker groups"),
        ("tab", "Order"),
        ("list", ""),
        ("main", ""),
        ("combobox", "Search places"),
        ("button", "Zoom in"),
        ("application", "Map"),
        ("button", f"1 {plan.sites['name'].iloc[0]}"),
    ]
    at = [heard.index(item) for item in order]
    assert at == sorted(at)
    rows = [name for role, name in heard if role == "button" and "+" in name]
    assert len(rows) == len(plan.sites)
    for name, site in zip(rows, plan.sites.itertuples(), strict=True):
        assert site.name in name
        assert f"+{site.gain:,.0f}" in name
    assert not [item for item in heard if item[0] in ("Canvas", "button") and not item[1]]


def test_a_screen_reader_hears_the_card_as_a_dialog_with_its_figures(open_map, saved, plan):
    page = open_map(saved).page
    page.get_by_role("button", name="EN", exact=True).click()
    page.locator(".row.site").first.press("Enter")
    heard = spoken(page)
    start = heard.index(("dialog", plan.sites["name"].iloc[0]))
    words = [name for _, name in heard[start:]]
    said = [f"+{plan.sites['gain'].iloc[0]:,.0f}", "workers newly covered"]
    told = plan.sites["reason_en"].iloc[0]
    at = [words.index(name) for name in [plan.sites["name"].iloc[0], *said, told]]
    assert at == sorted(at)
    assert ("button", "Close") in heard[start:]
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Close"


EMPTY = {
    "no station": ("目前没有站点", lambda: (town.stations().iloc[:0], town.workers())),
    "no workers": ("未提供职工数据", lambda: (town.stations(), town.workers().iloc[:0])),
    "no gap": (
        "10 分钟内已全部覆盖",
        lambda: (town.stations(), town.workers().loc[["W1", "W8"]]),
    ),
}


@pytest.mark.parametrize("case", EMPTY)
def test_empty_states_are_said(open_map, world, tmp_path, case):
    text, tables = EMPTY[case]
    today = measure_coverage(world, *tables(), minutes=[5, 10])
    opened = open_map(save_map(map_coverage(today), tmp_path / "today.html"))
    assert text in opened.page.locator("#panel").inner_text()
    assert opened.complaints == []


def test_a_plan_that_cannot_be_says_why_in_red_and_has_no_pins(open_map, world, tmp_path):
    refused = choose_sites(
        world, town.shops(), town.workers(), existing=town.stations(),
        n_open=1, required=["C1", "C2"], minutes=[5, 10],
    )  # fmt: skip
    opened = open_map(save_map(map_plan(refused), tmp_path / "plan.html"))
    page, told = opened.page, refused.conflicts.iloc[0]
    box = page.locator(".conflict").first
    for button, shown, hidden in (("中文", "zh", "en"), ("EN", "en", "zh")):
        page.get_by_role("button", name=button, exact=True).click()
        assert told[f"reason_{shown}"] in box.inner_text()
        assert told[f"mend_{shown}"] in box.inner_text()
        assert told[f"reason_{hidden}"] not in box.inner_text()
    assert page.locator(".pin").count() == 0
    assert opened.complaints == []


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_text_from_tables_is_shown_and_never_run(open_map, tmp_path, payload):
    opened = open_map(save_map(hostile_map(tmp_path, payload), tmp_path / "map.html"))
    page = opened.page
    seen = [page.inner_text("body"), page.locator(".leaflet-label-pane").inner_text()]
    for tab in ("各区", "人群"):
        page.get_by_role("tab", name=tab).click()
        seen.append(page.inner_text("#panel"))
    for choice in ("{type: 'site', index: 0}", "{type: 'station', index: 0}", CANDIDATE):
        page.evaluate(f"ServiceCircle.app.pick({choice})")
        seen.append(page.inner_text("#card"))
    page.locator(".source summary").click()
    seen.append(page.inner_text(".source"))
    page.get_by_role("combobox").fill("shop")
    seen.append(page.inner_text("#results"))
    page.evaluate("ServiceCircle.app.set({view: 'today', tab: 'first', selected: null})")
    seen.append(page.inner_text("#panel"))
    page.evaluate(HOVER)
    seen.append(page.inner_text("#tip"))
    everything = " ".join(" ".join(seen).split())
    for word in WORDS:
        assert f"{word} {payload}" in everything, word
    titles = page.evaluate("[...document.querySelectorAll('[title]')].map((mark) => mark.title)")
    assert any(payload in title for title in titles)
    assert page.evaluate("window.ran") is None
    assert "50337" not in everything
    assert opened.complaints == []
    assert opened.requests == []


@pytest.mark.parametrize("view", ["today", "plan"])
def test_a_click_tells_the_minutes_that_walk_times_gives(open_map, saved, plan, world, view):
    page = open_map(saved).page
    asked = town.workers().loc[town.workers().index[:6]]
    places = plan.coverage if view == "plan" else plan.today
    walk = walk_times(world, places.facilities, asked, cutoff=10).nearest()["minutes"]
    said = 0
    for key, at in asked.geometry.to_crs(4326).items():
        shown = page.evaluate(
            """([y, x]) => { const at = ServiceCircle.app.data.walkAt(y, x);
                return [at.today, at.plan]; }""",
            [at.y, at.x],
        )[view == "plan"]
        minutes = walk.get(key)
        if shown is not None and pd.notna(minutes):
            # half a cell's diagonal is 35 m, half a minute; so is rounding
            assert abs(shown - minutes) <= 1.01
            said += 1
    assert said > 0


def test_a_click_on_the_map_says_it_in_words(open_map, saved):
    page = open_map(saved).page
    page.evaluate("ServiceCircle.app.set({hidden: new Set(['candidates', 'dots', 'stations'])})")
    spot = page.evaluate(
        """() => { const { map, data } = ServiceCircle.app;
            const { at } = data.stations[0];
            const near = map.latLngToContainerPoint([at[0] + 0.0012, at[1]]);
            const box = map.getContainer().getBoundingClientRect();
            return [near.x + box.x, near.y + box.y]; }"""
    )
    page.mouse.click(*spot)
    told = page.inner_text("#tip")
    assert "分钟到最近的站点" in told
    assert "方案" in told
    page.mouse.move(spot[0] + 200, spot[1] + 100)
    assert not page.locator("#tip").is_visible()


def test_tiles_are_asked_for_only_when_switched_on_and_lie_where_they_belong(
    browser, plan, tmp_path
):
    path = save_map(map_plan(plan, basemap="gaode"), tmp_path / "map.html")
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    asked = []

    def answer(route):
        asked.append(route.request.url)
        route.abort()

    context.route(re.compile("^http"), answer)
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("#panel h1")
    page.wait_for_timeout(200)
    assert asked == []
    page.get_by_role("button", name="图层 Layers").click()
    page.get_by_label("底图（需联网） Base map (online)").check()
    page.wait_for_timeout(500)
    assert asked
    assert all("autonavi.com" in url for url in asked)
    centre = page.evaluate("(({ lat, lng }) => [lng, lat])(ServiceCircle.app.map.getCenter())")
    shift = page.evaluate(
        "([x, y]) => ServiceCircle.shiftAt(ServiceCircle.app.data.tiles.shift, [y, x])", centre
    )
    lon, lat = from_wgs84(tuple(centre), "gcj02")
    assert shift == pytest.approx([lat - centre[1], lon - centre[0]], abs=5e-6)
    # Where the tile that shows the centre is drawn, and where the centre is in it.
    apart = page.evaluate(
        """([lon, lat]) => { const { map, tiles } = ServiceCircle.app;
            const layer = tiles.layers[0];
            const zoom = layer._tileZoom;
            const point = map.project([lat, lon], zoom);
            const coords = L.point(Math.floor(point.x / 256), Math.floor(point.y / 256));
            coords.z = zoom;
            const corner = coords.scaleBy(L.point(256, 256));
            const drawn = layer._getTilePos(coords).add(point).subtract(corner);
            const wanted = map.project(map.getCenter(), zoom).subtract(layer._level.origin);
            return [drawn.x - wanted.x, drawn.y - wanted.y]; }""",
        [float(lon), float(lat)],
    )
    assert apart == pytest.approx([0, 0], abs=1.0)
    context.close()


def test_a_key_is_in_the_file_only_when_it_was_asked_to_be(plan, tmp_path):
    made = map_plan(plan, basemap="tianditu")
    assert "SECRET" not in save_map(made, tmp_path / "a.html").read_text(encoding="utf-8")
    with_key = save_map(made, tmp_path / "b.html", tile_key="SECRET")
    assert "SECRET" in with_key.read_text(encoding="utf-8")
    assert "SECRET" not in made._repr_html_()


CANDIDATE = (
    "{type: 'candidate', index: ServiceCircle.app.data.candidates.findIndex((c) => !c.site)}"
)
HOVER = """() => { const { app } = ServiceCircle;
    const dot = app.marks.dots[0];
    app.map.setView(dot.at, 13, { animate: false });
    app.hover({ latlng: L.latLng(dot.at) }); }"""
WORDS = (
    *("station", "shop 0", "kind", "group 0", "district 0", "title", "date"),
    *("notice", "label", "hours", "amenities", "reason", "source", "street"),
    *("rule", "standard", "remark"),
)


def test_a_notebook_shows_the_map_and_runs_no_text(browser, tmp_path):
    payload = PAYLOADS["img"] + PAYLOADS["closing script"] + PAYLOADS["jinja expression"]
    made = hostile_map(tmp_path, payload)
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.set_content(f"<body style='width: 1200px'>{made._repr_html_()}</body>")
    frame = page.frame_locator("iframe")
    frame.locator("#panel h1").wait_for()
    assert payload in frame.locator("#panel .over").inner_text()
    assert [part.evaluate("window.ran") for part in page.frames] == [None, None]
    context.close()


def test_the_demo_city_opens_on_the_districts(open_map, tmp_path):
    from servicecircle.demand import read_demand
    from servicecircle.samples import wuhan
    from servicecircle.sites import read_sites

    city = wuhan()
    today = measure_coverage(
        read_network(city.streets),
        read_sites(city.stations, coordinates=city.coordinates),
        read_demand(city.workers, coordinates=city.coordinates),
        minutes=[10, 15],
    )
    districts = gpd.read_file(city.districts)
    opened = open_map(save_map(map_coverage(today, districts=districts), tmp_path / "m.html"))
    inside = opened.page.evaluate(
        "ServiceCircle.app.map.getBounds().contains(ServiceCircle.app.data.bounds)"
    )
    assert inside
    assert "虚构" in opened.page.inner_text("#foot")
    assert opened.complaints == []
