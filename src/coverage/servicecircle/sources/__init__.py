"""Where workers are and where stations could be, from OpenStreetMap, rasters and streets."""

from servicecircle.sources.buildings import demand_from_buildings as demand_from_buildings
from servicecircle.sources.candidates import candidates_from_osm as candidates_from_osm
from servicecircle.sources.combine import combine_demand as combine_demand
from servicecircle.sources.grid import grid_cells as grid_cells
from servicecircle.sources.grid import to_grid as to_grid
from servicecircle.sources.pois import demand_from_pois as demand_from_pois
from servicecircle.sources.raster import demand_from_raster as demand_from_raster
from servicecircle.sources.streets import demand_from_streets as demand_from_streets
