"""What the reader of a map sees when something is missing: row 109 of docs/faults.md."""

from __future__ import annotations

import servicecircle as sc
import town


def test_a_linked_map_without_network_says_what_is_missing(browser, tmp_path):
    """Faults 109: with `offline=False` only; the default holds everything."""
    found = sc.measure_coverage(town.network(), town.stations(), town.workers())
    sc.save_map(sc.map_coverage(found), tmp_path / "map.html", offline=False)
    context = browser.new_context(offline=True)
    try:
        page = context.new_page()
        page.goto((tmp_path / "map.html").as_uri())
        page.wait_for_load_state()
        assert "缺少 Leaflet" in page.inner_text("body")
        assert "Leaflet is missing: use offline=True" in page.inner_text("body")
    finally:
        context.close()
