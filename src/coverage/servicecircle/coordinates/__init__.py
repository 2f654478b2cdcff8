"""Chinese coordinates: WGS-84 (GPS, OpenStreetMap), GCJ-02 (Amap, Tencent), BD-09 (Baidu).

A point read in the wrong system lies 400 to 1,400 metres off, more than half a ten-minute
circle. Outside mainland China the three are the same.
"""

from servicecircle.coordinates.convert import (
    SYSTEMS,
    System,
    check_system,
    from_wgs84,
    mainland,
    near_mainland,
    to_wgs84,
)
from servicecircle.coordinates.detect import Detection, detect_coordinates

__all__ = [
    "SYSTEMS",
    "Detection",
    "System",
    "check_system",
    "detect_coordinates",
    "from_wgs84",
    "mainland",
    "near_mainland",
    "to_wgs84",
]
