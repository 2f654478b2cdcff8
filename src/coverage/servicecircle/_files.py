"""Table files to raw cells: CSV, Excel, GeoJSON, GeoPackage, Parquet; local files only."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from servicecircle._said import say
from servicecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import geopandas as gpd
    from python_calamine import CalamineSheet

_BLOCK = 1 << 20
_ROWS = 50_000  # of a CSV that are held with all their columns at a time
_LARGE = 64_000_000  # bytes
_SAMPLE_ROWS = 50
_HEADER_ROWS = 10
_DELIMITERS = ",;\t|"

# First bytes of a map file: GDAL goes by what is inside, and some formats name other files
_MAGIC = {".gpkg": b"SQLite format 3\0", ".geojson": b"{", ".json": b"{"}
_MOST_TIMES = 200  # honest tables and street files unpack to 50 times their size at most
_UNPACKED = 64_000_000  # bytes up to which nobody looks


@dataclass
class Sheet:
    """Cells of a file; `header` is None where it still has to be found among the rows.

    Of a CSV, `cells` are the first rows and `rest` reads the others, block by block. `merged`
    holds the cells merged downwards: first and last row, column.
    """

    source: str
    cells: pd.DataFrame
    header: list[str] | None = None
    geometry: gpd.GeoSeries | None = None
    notes: list[str] = field(default_factory=list)
    rest: Iterable[pd.DataFrame] = ()
    large: bool = False
    merged: Sequence[tuple[int, int, int]] = ()


def open_sheet(
    path: str | Path,
    encoding: str | None,
    sheet: str | None = None,
    headers_in: Callable[[Sequence[str]], int] = len,
) -> Sheet:
    """Read any of the formats by its suffix.

    ``headers_in`` counts the headers that a row of cells holds: of several sheets, the one
    with most in one of its first rows is read unless ``sheet`` names one.

    Raises
    ------
    InputError
        There is no such local file, the format is not one of ours, or it is damaged.
    """
    file = local_file(path)
    suffix = file.suffix.lower()
    if suffix in {".xlsx", ".xlsm", ".xls", ".ods"}:
        return _read_excel(file, sheet, headers_in)
    if suffix in _MAGIC:
        return _read_map_file(file, sheet)
    if sheet is not None:
        raise InputError(f"{file.name} has no sheets, so `sheet={sheet!r}` cannot be read.")
    if suffix in {".csv", ".txt", ".tsv"}:
        return _read_csv(file, encoding)
    if suffix in {".parquet", ".geoparquet"}:
        return _read_parquet(file)
    if suffix in {".shp", ".dbf", ".shx"}:
        raise InputError(
            f"{file.name} is a shapefile, which cuts Chinese headers to 3 characters and often "
            "does not say its encoding. Save it as GeoPackage (in QGIS: Export → Save Features "
            "As … → GeoPackage) and read that."
        )
    raise InputError(
        f"{file.name}: {suffix or 'a file without a suffix'} is not a table we read. "
        "Use .csv, .xlsx, .xls, .geojson, .gpkg or .parquet."
    )


def local_path(path: str | Path) -> Path:
    """Accept only what is there on this computer: GDAL and libosmium would fetch an address.

    Raises
    ------
    InputError
        It is an address, or there is nothing by that name.
    """
    text = str(path)
    if "://" in text or text.lower().startswith("/vsi"):
        raise InputError(f"{text!r} is not a file on this computer. Download it first.")
    try:
        Path(path).stat()
    except (OSError, ValueError):
        raise InputError(f"There is no file {text!r:.300}.") from None
    return Path(path)


def local_file(path: str | Path) -> Path:
    """Accept only what is there on this computer and no folder."""
    file = local_path(path)
    if not file.is_file():
        raise InputError(f"There is no file {str(path)!r}: it is a folder.")
    return file


def _line(error: Exception) -> str:
    """Return an error's text on one line, without the full stop."""
    return " ".join(str(error).split()).rstrip(".")


def _read_csv(file: Path, encoding: str | None) -> Sheet:
    encoding = encoding or _encoding(file)
    try:
        with file.open(encoding=encoding, newline="") as lines:
            sample = [line for line, _ in zip(lines, range(_SAMPLE_ROWS), strict=False)]
        delimiter = max(
            _DELIMITERS, key=lambda sign: max((s.count(sign) for s in sample), default=0)
        )
        width = max((len(row) for row in csv.reader(sample, delimiter=delimiter)), default=0)
        if not width:
            raise InputError(f"{file.name} is empty: there is not even a header.")
    except (UnicodeError, LookupError, csv.Error) as error:
        raise _unread(file, encoding, error) from None
    blocks = _blocks(file, encoding, delimiter, width)
    notes: list[str] = []
    if not encoding.startswith("utf-8"):
        notes.append(say("read as {encoding}", "按 {encoding} 编码读取", encoding=encoding))
    large = file.stat().st_size > _LARGE
    return Sheet(file.name, next(blocks), notes=notes, rest=blocks, large=large)


def _blocks(file: Path, encoding: str, delimiter: str, width: int) -> Iterator[pd.DataFrame]:
    """Read a CSV so many rows at a time, every cell as text."""
    try:
        with pd.read_csv(
            file,
            sep=delimiter,
            encoding=encoding,
            header=None,
            names=range(width),
            dtype="str",
            keep_default_na=False,
            na_values=[""],
            chunksize=_ROWS,
        ) as blocks:
            yield from blocks
    except (UnicodeError, LookupError, pd.errors.ParserError) as error:
        raise _unread(file, encoding, error) from None


def _unread(file: Path, encoding: str, error: Exception) -> InputError:
    if isinstance(error, (UnicodeError, LookupError)):
        return InputError(f"{file.name} cannot be read as {encoding}: {_line(error)}.")
    return InputError(f"{file.name} is not a well-formed CSV: {_line(error)}.")


def _encoding(file: Path) -> str:
    """Return the first of UTF-16 (by its mark), UTF-8 and GB18030 that fits the whole file."""
    with file.open("rb") as stream:
        start = stream.read(2)
    marked = start in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
    candidates = ["utf-16"] if marked else ["utf-8-sig", "gb18030"]
    for encoding in candidates:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with file.open("rb") as stream:
                while block := stream.read(_BLOCK):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise InputError(
        f"{file.name} is neither {' nor '.join(candidates)} text. Say its encoding, e.g. "
        'encoding="big5".'
    )


def _read_excel(
    file: Path, wanted: str | None, headers_in: Callable[[Sequence[str]], int]
) -> Sheet:
    import python_calamine

    if file.suffix.lower() != ".xls":
        check_packed(file)
    try:
        book = python_calamine.CalamineWorkbook.from_path(file)
        sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise InputError(f"{file.name} cannot be read as a workbook: {_line(error)}.") from None
    if wanted is not None:
        _check_sheet(file, "sheet", wanted, list(sheets))
        sheets = {wanted: sheets[wanted]}
    tables = {name: rows for name, rows in sheets.items() if rows and len(rows[0]) > 1}
    if not tables:
        raise InputError(f"{file.name} holds no table: no sheet has a header of two cells or more.")

    def most_headers(name: str) -> int:
        return max(headers_in([str(c) for c in row]) for row in tables[name][:_HEADER_ROWS])

    first = max(tables, key=most_headers)
    others = [name for name in sheets if name != first]
    notes: list[str] = []
    if others:
        said = say(
            "read the sheet {first!r}, not {others}",
            "读取工作表 {first!r}，未读 {others}",
            first=first,
            others=others,
        )
        notes.append(said)
    cells = pd.DataFrame(tables[first], dtype=object)
    merged = _merged_down(book.get_sheet_by_name(first))
    return Sheet(file.name, cells.where(cells != "", None), notes=notes, merged=merged)


def _merged_down(sheet: CalamineSheet) -> list[tuple[int, int, int]]:
    """Return first and last row and the column of cells merged downwards, as `to_python` counts."""
    top, side = sheet.start or (0, 0)
    return [
        (first - top, last - top, left - side)
        for (first, left), (last, right) in sheet.merged_cell_ranges or ()
        if left == right and first >= top and left >= side
    ]


def check_map_file(file: Path) -> None:
    """Refuse a .geojson, .json or .gpkg that is of another format inside."""
    with file.open("rb") as stream:
        start = stream.read(64).removeprefix(codecs.BOM_UTF8).lstrip()
    if not start.startswith(_MAGIC[file.suffix.lower()]):
        raise InputError(f"{file.name} is not a {file.suffix.lower()} file inside.")


def check_packed(file: Path) -> None:
    """Refuse a .gz, .bz2 or zipped workbook that unpacks to far more than its size."""
    most = max(_UNPACKED, _MOST_TIMES * file.stat().st_size)
    try:
        unpacked = _unpacked(file, most)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile):
        return  # damaged: the reader itself says so
    if unpacked > most:
        raise InputError(
            f"{file.name} unpacks to more than {_MOST_TIMES} times its size and is not read. "
            "Unpack it yourself if you trust it."
        )


def _unpacked(file: Path, most: int) -> int:
    """Count the bytes of an archive; beyond ``most`` it gives up counting."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            return sum(member.file_size for member in archive.infolist())
    total = 0
    with (bz2.open if file.suffix == ".bz2" else gzip.open)(file, "rb") as stream:
        while total <= most and (block := stream.read(_BLOCK)):
            total += len(block)
    return total


def _check_sheet(file: Path, noun: str, wanted: str, names: list[str]) -> None:
    if wanted not in names:
        raise InputError(f"{file.name} has no {noun} {wanted!r}; it has {names}.")


def _read_map_file(file: Path, wanted: str | None) -> Sheet:
    import geopandas as gpd
    import pyogrio

    check_map_file(file)
    try:
        layers = [name for name, kind in pyogrio.list_layers(file) if kind is not None]
        if not layers:
            raise InputError(f"{file.name} holds no layer with places.")
        if wanted is not None:
            _check_sheet(file, "layer", wanted, layers)
            layers = [wanted]
        with np.errstate(invalid="ignore"):  # NaN corners; the row gets a status later
            frame = gpd.read_file(file, layer=layers[0], engine="pyogrio")
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        reason = _line(error).split(".;")[0]  # the rest is advice about GDAL drivers
        raise InputError(f"{file.name} cannot be read: {reason}.") from None
    notes: list[str] = []
    if layers[1:]:
        said = say(
            "read the layer {first!r}, not {others}",
            "读取图层 {first!r}，未读 {others}",
            first=layers[0],
            others=layers[1:],
        )
        notes.append(said)
    return _with_geometry(file, frame, notes)


def _read_parquet(file: Path) -> Sheet:
    import geopandas as gpd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(file)
        if b"geo" in (schema.metadata or {}):
            return _with_geometry(file, gpd.read_parquet(file), [])
        frame = pd.read_parquet(file)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{file.name} cannot be read as Parquet: {_line(error)}.") from None
    frame = _index_as_column(frame)
    return Sheet(file.name, frame, header=list(map(str, frame.columns)))


def _with_geometry(file: Path, frame: gpd.GeoDataFrame, notes: list[str]) -> Sheet:
    import geopandas as gpd

    geometry = gpd.GeoSeries(frame.geometry.reset_index(drop=True))
    cells = pd.DataFrame(_index_as_column(frame)).drop(columns=frame.geometry.name)
    return Sheet(file.name, cells, list(map(str, cells.columns)), geometry, notes)


def _index_as_column(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep a named index (our ids, in Parquet) as a column."""
    return frame.reset_index(drop=frame.index.name is None)
