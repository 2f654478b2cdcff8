"""QGIS styles of the layers: the colours and marks of the map, in the file itself.

QGIS reads the table ``layer_styles`` of a GeoPackage and opens each layer with the style
that is marked as its default.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pandas as pd

VERSION = "3.34.0-Prizren"
Mark = dict[str, str]

SITE: Mark = {"name": "circle", "color": "196,40,28,255", "outline_color": "255,255,255,255",
              "outline_width": "0.5", "size": "6"}  # fmt: skip
STATION: Mark = {"name": "square", "color": "11,79,74,255", "outline_color": "255,255,255,255",
                 "outline_width": "0.3", "size": "3"}  # fmt: skip
CANDIDATE: Mark = {"name": "circle", "color": "255,255,255,255", "outline_color": "74,79,76,255",
                   "outline_width": "0.3", "size": "1.8"}  # fmt: skip
GAP: Mark = {"name": "circle", "color": "111,42,102,214", "outline_color": "255,255,255,255",
             "outline_width": "0.2", "size": "2"}  # fmt: skip
REACHED = "233,169,92,214"  # a gap of today that the plan covers
# Fill of the largest minutes, fill of the smaller, outline
FILLS = {
    "area_today": ("203,232,225,255", "138,202,188,255", "15,107,97,255"),
    "area_plan": ("252,228,196,255", "247,205,150,255", "180,83,10,255"),
}
GAP_CLASS = "CASE WHEN \"covered\" THEN '方案覆盖 by the plan' ELSE '仍未覆盖 still a gap' END"


def layer_styles(layers: dict[str, pd.DataFrame], weight: str) -> pd.DataFrame:
    """Return the rows of ``layer_styles`` for the layers we have a style for.

    Parameters
    ----------
    layers : mapping
        Layer names to their rows.
    weight : str
        The column of workers, where a layer has it.
    """
    rows = []
    for name, frame in layers.items():
        style = _style(name, frame, weight)
        if style is None:
            continue
        rows.append(
            {
                "f_table_catalog": "",
                "f_table_schema": "",
                "f_table_name": name,
                "f_geometry_column": "geom",
                "styleName": name,
                "styleQML": f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{style}",
                "styleSLD": "",
                "useAsDefault": True,
                "description": "servicecircle",
                "owner": "",
                "ui": "",
                "update_time": pd.Timestamp.now("UTC"),
            }
        )
    return pd.DataFrame(rows)


def _style(layer: str, frame: pd.DataFrame, weight: str) -> str | None:
    if layer in FILLS:
        return _areas(frame, *FILLS[layer])
    if layer == "sites":
        return _document("marker", {"": SITE}, label="order")
    if layer == "gaps":
        seen = f'max(0.8, 0.12 * sqrt(coalesce("{weight}", 0)))'
        size = seen if weight in frame.columns else None
        if "covered" not in frame.columns:
            return _document("marker", {"": GAP}, size=size)
        marks = {"仍未覆盖 still a gap": GAP, "方案覆盖 by the plan": GAP | {"color": REACHED}}
        return _document("marker", marks, by=GAP_CLASS, size=size)
    mark = {"stations": STATION, "candidates": CANDIDATE}.get(layer)
    return None if mark is None else _document("marker", {"": mark})


def _areas(frame: pd.DataFrame, largest: str, smaller: str, line: str) -> str:
    """Fill the area of each cutoff, the smaller darker."""
    minutes = sorted(frame["minutes"].unique(), reverse=True)
    looks = {
        f"{limit:g} 分钟 min": {
            "color": largest if limit == minutes[0] else smaller,
            "outline_color": line,
            "outline_width": "0.3",
            "style": "solid",
        }
        for limit in minutes
    }
    return _document("fill", looks, by="to_string(\"minutes\") || ' 分钟 min'")


def _document(
    kind: str,
    looks: dict[str, Mark],
    *,
    by: str | None = None,
    label: str | None = None,
    size: str | None = None,
) -> str:
    """Write one symbol for all features, or one for each value of the expression ``by``."""
    root = ET.Element("qgis", version=VERSION, styleCategories="Symbology|Labeling",
                      labelsEnabled=str(int(label is not None)))  # fmt: skip
    renderer = ET.SubElement(root, "renderer-v2", type="singleSymbol", symbollevels="0",
                             enableorderby="0", forceraster="0")  # fmt: skip
    if by is not None:
        renderer.attrib |= {"type": "categorizedSymbol", "attr": by}
        categories = ET.SubElement(renderer, "categories")
        for number, name in enumerate(looks):
            ET.SubElement(categories, "category", value=name, label=name, symbol=str(number),
                          render="true", type="string")  # fmt: skip
    symbols = ET.SubElement(renderer, "symbols")
    for number, look in enumerate(looks.values()):
        _symbol(symbols, str(number), kind, look, size)
    if label is not None:
        _label(root, label)
    return ET.tostring(root, encoding="unicode")


def _symbol(parent: ET.Element, name: str, kind: str, look: Mark, size: str | None) -> None:
    one = ET.SubElement(parent, "symbol", type=kind, name=name, alpha="1", clip_to_extent="1",
                        force_rhr="0")  # fmt: skip
    form = {"fill": "SimpleFill", "marker": "SimpleMarker"}[kind]
    layer = ET.SubElement(one, "layer", {"class": form, "enabled": "1", "locked": "0",
                                         "pass": "0"})  # fmt: skip
    units = {f"{part}_unit": "MM" for part in ("size", "outline_width", "offset")}
    _options(layer, look | units)
    if size is not None:
        _expression(layer, "size", size)


def _options(parent: ET.Element, values: Mark) -> None:
    options = ET.SubElement(parent, "Option", type="Map")
    for name, value in values.items():
        ET.SubElement(options, "Option", name=name, value=value, type="QString")


def _expression(layer: ET.Element, name: str, expression: str) -> None:
    """Let an expression set one property of a symbol layer."""
    holder = ET.SubElement(layer, "data_defined_properties")
    options = ET.SubElement(holder, "Option", type="Map")
    ET.SubElement(options, "Option", name="name", value="", type="QString")
    properties = ET.SubElement(options, "Option", name="properties", type="Map")
    one = ET.SubElement(properties, "Option", name=name, type="Map")
    ET.SubElement(one, "Option", name="active", value="true", type="bool")
    ET.SubElement(one, "Option", name="expression", value=expression, type="QString")
    ET.SubElement(one, "Option", name="type", value="3", type="int")
    ET.SubElement(options, "Option", name="type", value="collection", type="QString")


def _label(root: ET.Element, field: str) -> None:
    """Write a white number in the middle of the mark."""
    labeling = ET.SubElement(root, "labeling", type="simple")
    settings = ET.SubElement(labeling, "settings", calloutType="simple")
    ET.SubElement(settings, "text-style", fieldName=field, isExpression="0", fontSize="9",
                  fontSizeUnit="Point", fontWeight="75", namedStyle="Bold",
                  textColor="255,255,255,255", textOpacity="1", multilineHeight="1")  # fmt: skip
    ET.SubElement(settings, "placement", placement="1", quadOffset="4", dist="0",
                  centroidInside="0", priority="5", xOffset="0", yOffset="0")  # fmt: skip
    ET.SubElement(settings, "rendering", displayAll="1", obstacle="0", scaleVisibility="0",
                  drawLabels="1")  # fmt: skip
