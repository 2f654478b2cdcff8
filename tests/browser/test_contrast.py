"""Whether everyone can read the map: contrast of every text, and what axe-core finds."""

from __future__ import annotations

from pathlib import Path

import pytest

import town
from servicecircle.coverage import measure_coverage
from servicecircle.maps import map_coverage, map_plan, save_map
from servicecircle.networks import read_network
from servicecircle.siting import choose_sites

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::servicecircle.errors.ServiceCircleWarning"),
]
AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
CONTRAST = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8").rstrip().rstrip(";")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
STATES = {
    "plan": "{ view: 'plan' }",
    "today with layers": "{ view: 'today', menu: true }",
    "change by district": "{ view: 'change', tab: 'districts', group: 0 }",
    "groups": "{ view: 'change', tab: 'groups', open: true, legend: true }",
}
CARDS = ("site", "station", "candidate")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    town.write_town(folder)
    return read_network(folder / "streets.geojson")


@pytest.fixture(scope="module")
def saved(world, tmp_path_factory):
    stations, workers = town.stations().assign(hours="9-18"), town.workers()
    shops = town.shops().assign(photo="https://photos.example/1.jpg", street_front=True)
    plan = choose_sites(world, shops, workers, existing=stations, n_open=2, minutes=[5, 10])
    at = town.districts().geometry.iloc[0].centroid
    made = map_plan(
        plan,
        title="小城 Town",
        date="2026",
        notice=("示例", "Example"),
        districts=town.districts().assign(name_en=["West", "East"]),
        labels=[{"text": "江", "text_en": "River", "at": (at.x, at.y)}],
        standard="miyun",
    )
    return save_map(made, tmp_path_factory.mktemp("maps") / "plan.html")


@pytest.fixture(scope="module")
def two_years(world, tmp_path_factory):
    workers = town.workers()
    before = measure_coverage(world, town.stations(), workers, minutes=[5, 10])
    after = measure_coverage(world, town.shops().iloc[:2], workers, minutes=[5, 10])
    made = map_coverage(after, before=before, years=("2024", "2025"), districts=town.districts())
    return save_map(made, tmp_path_factory.mktemp("maps") / "years.html")


def states_of(page, cards=CARDS, languages=("both", "zh", "en")):
    """Bring the page into every state, in every language; say which."""
    for lang in languages:
        for name, state in STATES.items():
            page.evaluate(
                f"ServiceCircle.app.set({{ lang: '{lang}', selected: null, ...{state} }})"
            )
            yield f"{lang} {name}"
        page.evaluate("ServiceCircle.app.set({ open: false, legend: false })")
        for kind in cards:
            index = "c.findIndex((place) => !place.site)" if kind == "candidate" else "0"
            page.evaluate(
                f"""(() => {{ const c = ServiceCircle.app.data.candidates;
                    ServiceCircle.app.pick({{ type: '{kind}', index: {index} }});
                    ServiceCircle.app.set({{ compass: true, copying: true }}); }})()"""
            )
            yield f"{lang} card of a {kind}"
        page.evaluate("ServiceCircle.app.pick(null)")


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_every_text_has_the_contrast_of_wcag_aa(open_map, saved, phone):
    page = open_map(saved, phone=phone).page
    seen = 0
    for state in states_of(page):
        found = page.evaluate(CONTRAST)
        assert found["faults"] == [], state
        seen += found["texts"]
    assert seen > 500


def test_every_text_of_two_years_has_it_too(open_map, two_years):
    page = open_map(two_years).page
    for state in states_of(page, cards=("site", "station")):
        assert page.evaluate(CONTRAST)["faults"] == [], state


def test_a_pale_text_is_found(open_map, saved):
    page = open_map(saved).page
    page.evaluate("document.querySelector('h1').style.color = '#aaa'")
    page.evaluate("document.querySelector('.district').style.color = '#8a979b'")
    faults = page.evaluate(CONTRAST)["faults"]
    assert any("14px" in fault for fault in faults)
    assert any("23px" in fault for fault in faults)


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_axe_finds_no_fault(open_map, saved, phone):
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: `npm ci`")
    page = open_map(saved, phone=phone, bypass_csp=True).page
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for state in states_of(page, languages=("both",)):
        found = page.evaluate(
            """async (tags) => {
                const { violations, incomplete } = await axe.run(document, { runOnly: tags });
                const told = (list) => list.map(({ id, nodes }) => `${id} ${nodes[0].html}`);
                return { violations: told(violations), undecided: incomplete.map(({ id }) => id) };
            }""",
            RULES,
        )
        assert found["violations"] == [], state
        # What axe cannot decide where things overlap is decided by the tests above.
        assert set(found["undecided"]) <= {"color-contrast"}, state
