// What is drawn in a buffer larger than the map, so that most moves only push it: nothing is
// drawn anew until the map would show more than the buffer holds, and then once a frame.
"use strict";
(function (SC) {
  const PADDING = 0.25; // of the map's size, on each side
  const CLOSE = 14; // from this zoom on, outlines are cut to the buffer: there they cost most to fill

  /** The part of the plane that the map shows, in layer pixels. */
  function viewOf(map) {
    const corner = map.containerPointToLayerPoint([0, 0]);
    return L.bounds(corner, corner.add(map.getSize()));
  }

  /** Where a place lies in the world's square, 0 to 1 from the north-west: Web Mercator. */
  function worldOf([latitude, longitude]) {
    const sine = Math.sin((latitude * Math.PI) / 180);
    return [longitude / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
  }

  /** Places as two columns of that square, for lists that are drawn or searched as a whole. */
  function worldColumns(places) {
    const x = new Float64Array(places.length);
    const y = new Float64Array(places.length);
    places.forEach((place, index) => ([x[index], y[index]] = worldOf(place)));
    return { x, y, length: places.length };
  }

  /** `draw(context, view)`; view.point(place) gives pixels on the canvas. */
  const CanvasLayer = globalThis.L?.Layer.extend({
    initialize(pane, draw) {
      this.paneName = pane;
      this.drawOn = draw;
      this.padding = PADDING;
      this.ratio = 0;
    },

    onAdd(map) {
      this.canvas = L.DomUtil.create("canvas", "leaflet-zoom-animated", map.getPane(this.paneName));
      this.canvas.setAttribute("aria-hidden", "true");
      this.draw();
    },

    onRemove() {
      cancelAnimationFrame(this.due);
      this.due = null;
      this.canvas.remove();
    },

    getEvents() {
      return {
        viewreset: this.redraw,
        move: this.moved,
        moveend: this.ended,
        resize: this.ended,
        zoom: this.zoomed,
        zoomanim: this.scale,
      };
    },

    /** Redraw before the next picture of the page, however often this is called until then. */
    redraw() {
      this.due ??= requestAnimationFrame(() => this.draw());
    },

    moved() {
      if (this._map.getZoom() === this.zoom) this.ended();
    },

    ended() {
      const held = this.zoom === this._map.getZoom() && this.bounds.contains(viewOf(this._map));
      if (!held) this.redraw();
    },

    zoomed() {
      this.scale({ zoom: this._map.getZoom(), center: this._map.getCenter() });
    },

    /** Stretch what is drawn while the zoom changes. */
    scale({ zoom, center }) {
      const scale = this._map.getZoomScale(zoom, this.zoom);
      const corner = this._map._latLngToNewLayerPoint(this.corner, zoom, center);
      L.DomUtil.setTransform(this.canvas, corner, scale);
    },

    draw() {
      cancelAnimationFrame(this.due);
      this.due = null;
      const map = this._map;
      if (!map) return;
      const size = map.getSize();
      const pad = size.multiplyBy(this.padding).round();
      const ratio = this.ratio || Math.min(globalThis.devicePixelRatio || 1, 2);
      const [width, height] = [size.x + 2 * pad.x, size.y + 2 * pad.y];
      const corner = map.containerPointToLayerPoint([-pad.x, -pad.y]);
      L.DomUtil.setTransform(this.canvas, corner, 1);
      this.bounds = L.bounds(corner, corner.add([width, height]));
      this.corner = map.layerPointToLatLng(corner);
      this.zoom = map.getZoom();
      const origin = map.project(this.corner, this.zoom);
      const world = 256 * 2 ** this.zoom;
      const point = (place) => {
        const [x, y] = worldOf([place.lat ?? place[0], place.lng ?? place[1]]);
        return [x * world - origin.x, y * world - origin.y];
      };
      const context = this.cleared(width, height, ratio);
      this.drawOn(context, { zoom: this.zoom, world, origin, width, height, ratio, point });
    },

    /** The empty canvas, in pixels of the page. */
    cleared(width, height, ratio) {
      const { canvas } = this;
      const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
      const context = canvas.getContext("2d");
      if (canvas.width === wide && canvas.height === high) {
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.clearRect(0, 0, wide, high);
      } else Object.assign(canvas, { width: wide, height: high });
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      return context;
    },
  });

  /** Leaflet's SVG, which would cut and write every outline anew after each move. Ours are cut
   * a whole buffer further out where they are small, so that most moves need only push them. */
  const BufferedSvg = globalThis.L?.SVG.extend({
    options: { padding: PADDING },

    getEvents() {
      return { ...L.SVG.prototype.getEvents.call(this), move: this._moved };
    },

    _moved() {
      if (this._map.getZoom() === this._zoom) this._update();
    },

    _update() {
      if (this._map.getZoom() === this._zoom && this._shown?.contains(viewOf(this._map))) return;
      L.SVG.prototype._update.call(this);
      this._shown = this._bounds;
      // Leaflet cuts outlines to `_bounds`.
      if (this._cut?.contains(this._shown)) this._bounds = this._cut;
      else {
        this._cut = this._bounds = this._shown.pad(this._zoom < CLOSE ? 1 : 0);
        if (!this._resetting) L.SVG.prototype._updatePaths.call(this);
      }
    },

    _reset() {
      this._shown = this._cut = null; // the plane has a new origin
      this._resetting = true; // every outline is about to be written
      L.SVG.prototype._reset.call(this);
      this._resetting = false;
    },

    _updatePaths() {}, // called on every `update`; ours are written there if they have to be
  });

  Object.assign(SC, { CanvasLayer, BufferedSvg, worldOf, worldColumns });
})((globalThis.ServiceCircle ??= {}));
