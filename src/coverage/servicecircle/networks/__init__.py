"""Street files, street lines, OSMnx graphs or place names to a walking network."""

from servicecircle.networks.read import download_network, network_from_osmnx, read_network
from servicecircle.networks.walk_network import WalkNetwork

__all__ = ["WalkNetwork", "download_network", "network_from_osmnx", "read_network"]
