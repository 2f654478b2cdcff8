// Optional tiles: switched off at first, and moved where their datum is GCJ-02.
"use strict";
(function (SC) {
  /** GCJ-02 minus WGS84 at a place, in degrees: between the places of a grid. */
  function shiftAt(shift, [latitude, longitude]) {
    const last = shift.steps - 1;
    const within = (value, low, high) =>
      Math.min(last - 1e-9, Math.max(0, ((value - low) / (high - low)) * last));
    const y = within(latitude, shift.south, shift.north);
    const x = within(longitude, shift.west, shift.east);
    const [row, column] = [Math.floor(y), Math.floor(x)];
    const [v, u] = [y - row, x - column];
    return ["lat", "lon"].map((key) => {
      const at = (r, c) => shift[key][(row + r) * shift.steps + column + c];
      const low = at(0, 0) * (1 - u) + at(0, 1) * u;
      const high = at(1, 0) * (1 - u) + at(1, 1) * u;
      return (low * (1 - v) + high * v) / 1e6;
    });
  }

  /** Pixels from where a place of the tiles would be drawn to where it belongs. */
  function shiftPixels(map, shift, point, zoom) {
    const place = map.unproject(point, zoom);
    const [dLat, dLon] = shiftAt(shift, [place.lat, place.lng]);
    return map.project([place.lat - dLat, place.lng - dLon], zoom).subtract(point);
  }

  const ShiftedTiles = globalThis.L?.TileLayer.extend({
    _getTilePos(coords) {
      const at = L.TileLayer.prototype._getTilePos.call(this, coords);
      const size = this.getTileSize();
      const middle = coords.scaleBy(size).add(size.divideBy(2));
      return at.add(shiftPixels(this._map, this.options.shift, middle, coords.z)).round();
    },
    _getTiledPixelBounds(centre) {
      const bounds = L.TileLayer.prototype._getTiledPixelBounds.call(this, centre);
      const by = shiftPixels(this._map, this.options.shift, bounds.getCenter(), this._tileZoom);
      return L.bounds(bounds.min.subtract(by), bounds.max.subtract(by));
    },
  });

  class Tiles {
    constructor(map, tiles) {
      this.map = map;
      this.tiles = tiles;
      this.layers = null;
    }

    /** Make the layers; a key that is not in the file is asked for and kept nowhere. */
    make() {
      const { tiles } = this;
      const key =
        tiles.key ||
        (tiles.needsKey ? globalThis.prompt(SC.say(["底图密钥", "Key of the base map"])) : "");
      if (tiles.needsKey && !key) return null;
      const Layer = tiles.shift ? ShiftedTiles : L.TileLayer;
      return tiles.urls.map(
        (url) =>
          new Layer(url, {
            key: encodeURIComponent(key || ""),
            shift: tiles.shift,
            subdomains: tiles.servers || "abc",
            maxNativeZoom: 18,
          }),
      );
    }

    /** Returns whether the tiles are shown. */
    show(wanted) {
      if (wanted) this.layers ??= this.make();
      for (const layer of this.layers ?? []) {
        if (wanted) layer.addTo(this.map);
        else layer.remove();
      }
      const shown = wanted && Boolean(this.layers);
      document.body.classList.toggle("tiles", shown);
      return shown;
    }
  }

  SC.shiftAt = shiftAt;
  SC.Tiles = Tiles;
})((globalThis.ServiceCircle ??= {}));
