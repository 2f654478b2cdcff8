from . import errors as errors
from . import samples as samples
from .areas import reached_streets as reached_streets
from .areas import service_areas as service_areas
from .coordinates import from_wgs84 as from_wgs84
from .coordinates import to_wgs84 as to_wgs84
from .coverage import Coverage as Coverage
from .coverage import measure_coverage as measure_coverage
from .demand import read_demand as read_demand
from .maps import map_coverage as map_coverage
from .maps import map_plan as map_plan
from .maps import save_map as save_map
from .networks import WalkNetwork as WalkNetwork
from .networks import download_network as download_network
from .networks import network_from_osmnx as network_from_osmnx
from .networks import read_network as read_network
from .reach import Reach as Reach
from .reach import walk_times as walk_times
from .reports import write_report as write_report
from .scores import score_sites as score_sites
from .sites import read_sites as read_sites
from .siting import SitePlan as SitePlan
from .siting import choose_sites as choose_sites

__version__: str
