"""The command that chooses sites."""

from servicecircle.cli._app import app
from servicecircle.cli._inputs import check_target, require_joined, speed_on
from servicecircle.cli._options import (
    AsJson,
    Candidates,
    Demand,
    MaybeStations,
    Minutes,
    Network,
    Out,
    Speed,
    Tables,
    Walking,
    takes,
    takes_tables,
    takes_walking,
)
from servicecircle.cli._outputs import RESULTS, write_result
from servicecircle.cli._rules import Rules
from servicecircle.cli._screen import steps
from servicecircle.cli._show import print_rows, with_names


@app.command(
    epilog="Example: servicecircle site --network streets.parquet --candidates shops.xlsx "
    "--demand workers.csv --stations stations.csv --coordinates gcj02 --n-open 12 --out plan.xlsx"
)
@takes("rules", Rules)
@takes_tables
@takes_walking
def site(
    network: Network,
    candidates: Candidates,
    demand: Demand,
    *,
    stations: MaybeStations = None,
    out: Out = None,
    minutes: Minutes = [10, 15],  # noqa: B006
    speed: Speed = None,
    as_json: AsJson = False,
    tables: Tables,
    walking: Walking,
    rules: Rules,
) -> None:
    """选址 Choose the best set of sites under your rules; --out .html, .xlsx, .docx or .gpkg."""
    files = {"network": network, "candidates": candidates, "demand": demand, "stations": stations}
    walking.check(files)
    if out:
        check_target(out, RESULTS)
    reader = tables.reader()
    with steps(3) as step:
        step("读取 reading")
        streets = walking.read(network)
        shops, people, existing = reader.tables(candidates, demand, stations, streets)
        step("步行与选址 walking and choosing")
        from servicecircle.siting import choose_sites

        asked = rules.keywords()
        asked |= {"minutes": minutes, "speed": speed_on(streets, speed)}
        result = choose_sites(streets, shops, people, existing=existing, **asked)
        require_joined(result.demand, "demand", streets.max_access)
        require_joined(result.candidates, "candidates", streets.max_access)
        step("写出 writing")
        write_result(result, out)
    sites = with_names(result.sites).filter(
        ["order", "name", "gain", "covered_after", "share_after"]
    )
    more = result.summary().iloc[0].to_dict() | ({"out": str(out)} if out else {})
    print_rows(sites.reset_index(names="id"), more, as_json=as_json)
