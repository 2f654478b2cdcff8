// A canvas in a Leaflet pane, a quarter larger than the map on each side, redrawn when a move ends.
"use strict";
(function (SC) {
  const PADDING = 0.25;

  /** `draw(context, view)`; view.point(place) gives pixels on the canvas. */
  SC.CanvasLayer = globalThis.L?.Layer.extend({
    initialize(pane, draw) {
      this.paneName = pane;
      this.drawOn = draw;
      this.padding = PADDING;
      this.ratio = 0;
    },

    onAdd(map) {
      this.canvas = L.DomUtil.create("canvas", "leaflet-zoom-animated", map.getPane(this.paneName));
      this.canvas.setAttribute("aria-hidden", "true");
      map.on("moveend viewreset resize", this.redraw, this);
      map.on("zoomanim", this.animate, this);
      this.redraw();
    },

    onRemove(map) {
      this.canvas.remove();
      map.off("moveend viewreset resize", this.redraw, this);
      map.off("zoomanim", this.animate, this);
    },

    animate(event) {
      const scale = this._map.getZoomScale(event.zoom, this.zoom);
      const corner = this._map._latLngToNewLayerPoint(this.corner, event.zoom, event.center);
      L.DomUtil.setTransform(this.canvas, corner, scale);
    },

    redraw() {
      const map = this._map;
      if (!map) return;
      const size = map.getSize();
      const pad = size.multiplyBy(this.padding).round();
      const ratio = this.ratio || Math.min(globalThis.devicePixelRatio || 1, 2);
      const width = size.x + 2 * pad.x;
      const height = size.y + 2 * pad.y;
      const corner = map.containerPointToLayerPoint([-pad.x, -pad.y]);
      L.DomUtil.setTransform(this.canvas, corner, 1);
      this.corner = map.layerPointToLatLng(corner);
      this.zoom = map.getZoom();
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
      const context = this.canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      const origin = map.project(this.corner, this.zoom);
      const point = (place) => {
        const at = map.project(place, this.zoom);
        return [at.x - origin.x, at.y - origin.y];
      };
      this.drawOn(context, { zoom: this.zoom, origin, width, height, ratio, point });
    },
  });
})((globalThis.ServiceCircle ??= {}));
