"""Open a GeoPackage with QGIS and draw it: run by the Python that QGIS is installed for.

Arguments: the GeoPackage, the picture to write. Prints one JSON object: for each layer its
renderer, the labels of its legend and whether its default style was found.
"""

import json
import os
import sys

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

NAMES = ("sites", "stations", "gaps", "candidates", "area_today", "area_plan")  # top first


def main(path: str, picture: str) -> None:
    app = QgsApplication([], False)  # noqa: FBT003 - no window
    app.initQgis()
    layers, told = [], {}
    for name in NAMES:
        layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
        _, styled = layer.loadDefaultStyle()
        legend = [item.label() for item in layer.renderer().legendSymbolItems()]
        kind = layer.renderer().type()
        told[name] = {"styled": styled, "renderer": kind, "legend": legend}
        layers.append(layer)
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    settings.setOutputSize(QSize(800, 800))
    settings.setBackgroundColor(QColor("white"))
    settings.setExtent(settings.fullExtent())
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(picture)
    sys.stdout.write(json.dumps(told))
    sys.stdout.flush()
    os._exit(0)  # QGIS crashes when it takes its layers down in another order


main(*sys.argv[1:])
