// The ruler: clicks lay a line on the map, its length stands at the last one.
"use strict";
(function (SC) {
  const { h } = SC.dom;

  /** 940 m, 1.24 km, 12.4 km. */
  function lengthText(metres) {
    if (metres < 1000) return `${Math.round(metres)} m`;
    return `${(metres / 1000).toFixed(metres < 10000 ? 2 : 1)} km`;
  }

  class Ruler {
    constructor(map) {
      this.map = map;
      this.layer = L.layerGroup().addTo(map);
      this.places = [];
    }

    start() {
      this.stop();
      this.map.doubleClickZoom.disable();
    }

    stop() {
      this.places = [];
      this.layer.clearLayers();
      this.map.doubleClickZoom.enable();
    }

    add({ lat, lng }) {
      this.places.push([lat, lng]);
      this.layer.clearLayers();
      const look = { pane: "label", interactive: false, color: "#1E2422", weight: 2 };
      L.polyline(this.places, { ...look, dashArray: "6 4" }).addTo(this.layer);
      for (const place of this.places) {
        L.circleMarker(place, { ...look, radius: 4, fillColor: "#fff", fillOpacity: 1 }).addTo(
          this.layer,
        );
      }
      const metres = this.places
        .slice(1)
        .reduce((sum, place, index) => sum + SC.sums.metres(this.places[index], place), 0);
      const html = h("div", { class: "length" }, lengthText(metres));
      const icon = L.divIcon({ className: "", iconSize: [0, 0], html });
      L.marker([lat, lng], { pane: "label", interactive: false, keyboard: false, icon }).addTo(
        this.layer,
      );
    }
  }

  SC.lengthText = lengthText;
  SC.Ruler = Ruler;
})((globalThis.ServiceCircle ??= {}));
