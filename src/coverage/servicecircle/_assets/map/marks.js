// The marks on the map: gap dots, candidates, stations, numbered pins, the selected circle.
"use strict";
(function (SC) {
  const CANDIDATE_ZOOM = 14.5;
  const SINGLE_ZOOM = 14.75;
  const HOUSE = "M8 1.2L14.6 7v7.8H1.4V7z";
  const SQUARE = "M2.6 2.6h10.8v10.8H2.6z";
  const DROP = "M14 35C11 28.5 1.5 23 1.5 14a12.5 12.5 0 0 1 25 0C26.5 23 17 28.5 14 35z";

  function stationIcon(station, size) {
    const { svg } = SC.dom;
    const look = station.closed
      ? { fill: "#fff", stroke: "var(--station)" }
      : { fill: "var(--station)", stroke: "#fff" };
    return svg(
      "svg",
      {
        class: station.gone ? "station gone" : "station",
        width: size,
        height: size,
        viewBox: "0 0 16 16",
        "aria-hidden": "true",
      },
      svg("path", {
        d: station.home ? HOUSE : SQUARE,
        ...look,
        "stroke-width": 1.5,
        "stroke-linejoin": "round",
      }),
    );
  }

  function pinIcon(number, scale = 1) {
    const { svg } = SC.dom;
    return svg(
      "svg",
      {
        class: "pin",
        width: 28 * scale,
        height: 36 * scale,
        viewBox: "0 0 28 36",
        "aria-hidden": "true",
      },
      svg("path", { d: DROP, fill: "var(--site)", stroke: "#fff", "stroke-width": 2 }),
      svg("text", { x: 14, y: 18.8 }, number),
    );
  }

  function drawDot(context, dot, radius, [x, y], faint) {
    const hollow = faint && dot.kind === "gap";
    const elsewhere = dot.kind === "elsewhere";
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    if (dot.kind === "new") context.fillStyle = "rgba(180,83,10,.86)";
    else if (dot.kind === "missed") context.fillStyle = "rgba(60,64,62,.8)";
    else if (elsewhere) context.fillStyle = "rgba(255,255,255,.75)";
    else context.fillStyle = hollow ? "rgba(255,255,255,.6)" : "rgba(111,42,102,.84)";
    context.fill();
    context.lineWidth = elsewhere ? 1.6 : 0.9;
    context.strokeStyle = elsewhere ? "#3C403E" : hollow ? "#8D7A8B" : "#fff";
    context.stroke();
  }

  /** On the canvas, or so near that a part of the mark is. */
  const near = (x, y, { width, height }) => x > -40 && y > -40 && x < width + 40 && y < height + 40;

  /** A candidate's ring, drawn once: its pixels, a square of them. */
  function ringPixels(radius, ratio) {
    const side = 2 * Math.ceil((radius + 1) * ratio);
    const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
    const context = canvas.getContext("2d");
    context.lineWidth = 1.2 * ratio;
    context.fillStyle = "#fff";
    context.strokeStyle = "#4A4F4C";
    context.arc(side / 2, side / 2, radius * ratio, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
    const { data } = context.getImageData(0, 0, side, side);
    return { side, pixels: new Uint32Array(data.buffer) };
  }

  /** Write a mark into a picture; where marks overlap, a clear pixel gives way. */
  function stamp(picture, width, { side, pixels }, left, top) {
    let from = 0;
    for (let row = top; row < top + side; row++) {
      let to = row * width + left;
      for (let column = 0; column < side; column++, from++, to++) {
        const alpha = pixels[from] >>> 24;
        if (alpha && alpha >= picture[to] >>> 24) picture[to] = pixels[from];
      }
    }
  }

  class Marks {
    constructor(map, data, renderer, pick) {
      this.map = map;
      this.data = data;
      this.renderer = renderer;
      this.pick = pick;
      this.dots = [];
      this.shown = [];
      this.rings = {};
      this.candidates = SC.worldColumns(data.candidates.map((candidate) => candidate.at));
      this.hollow = false;
      this.everyCandidate = false;
      const gaps = SC.sums.hexDots(data.demand, (index) => !data.demand.today[index]);
      this.dotScale = SC.sums.dotScale(gaps.length ? gaps[0].workers : 0);
      this.gapLayer = new SC.CanvasLayer("gap", (context, view) =>
        this.drawDots(context, view),
      ).addTo(map);
      this.candidateLayer = new SC.CanvasLayer("candidate", (context, view) =>
        this.drawCandidates(context, view),
      ).addTo(map);
      this.stations = L.layerGroup(
        data.stations.map((station, index) => this.station(station, index)),
      );
      this.sites = L.layerGroup(data.sites.map((site, index) => this.site(site, index)));
      this.stations.addTo(map);
      this.chosen = L.layerGroup().addTo(map);
    }

    marker(at, pane, icon, size, anchor, title, selection, raise = 0) {
      const html = SC.dom.h("span", { class: "mark" }, icon);
      return L.marker(at, {
        pane,
        title,
        keyboard: pane === "site", // stations are found by search: Tab goes to the pins
        zIndexOffset: raise,
        icon: L.divIcon({ className: "", html, iconSize: size, iconAnchor: anchor }),
      }).on("click keypress", (event) => {
        if (event.type === "keypress" && event.originalEvent.key !== "Enter") return;
        L.DomEvent.preventDefault(event.originalEvent);
        this.pick(selection, event.target.getElement());
      });
    }

    station(station, index) {
      return this.marker(
        station.at,
        "station",
        stationIcon(station, 15),
        [15, 15],
        null,
        station.name,
        {
          type: "station",
          index,
        },
      );
    }

    site(site, index) {
      const title = `${index + 1} ${site.name}`;
      return this.marker(
        site.at,
        "site",
        pinIcon(index + 1),
        [28, 36],
        [14, 35],
        title,
        { type: "site", index },
        -10 * index,
      );
    }

    candidatesVisible(zoom = this.map.getZoom()) {
      return zoom >= CANDIDATE_ZOOM || this.everyCandidate;
    }

    show(state, kindOf) {
      const { view, hasPlan, zoom } = state;
      this.hollow = view === "change";
      const sum = zoom >= SINGLE_ZOOM ? SC.sums.singleDots : SC.sums.hexDots;
      this.dots = sum(this.data.demand, kindOf);
      this.everyCandidate = state.candidates;
      this.gapLayer.redraw();
      this.candidateLayer.redraw();
      if (hasPlan && view !== "today") this.sites.addTo(this.map);
      else this.sites.remove();
      this.map.getPane("station").style.opacity = view === "change" ? 0.55 : 1;
      this.showChosen(state);
    }

    drawDots(context, view) {
      this.view = view;
      this.shown = [];
      for (const dot of this.dots) {
        const [x, y] = view.point(dot.at);
        if (!near(x, y, view)) continue;
        const radius = SC.sums.dotRadius(dot.workers, view.zoom, this.dotScale);
        this.shown.push({ dot, radius, x, y });
        drawDot(context, dot, radius, [x, y], this.hollow);
      }
    }

    drawCandidates(context, view) {
      if (!this.candidatesVisible(view.zoom)) return;
      const radius = view.zoom < 14 ? 1.8 : 3;
      const ring = this.ring(radius, view.ratio);
      const { width, height } = context.canvas;
      // Written as pixels: as many drawn pictures would take ten times as long.
      const { image, picture } = this.blank(context, width, height);
      const { x, y, length } = this.candidates;
      for (let index = 0; index < length; index++) {
        const across = (x[index] * view.world - view.origin.x) * view.ratio;
        const down = (y[index] * view.world - view.origin.y) * view.ratio;
        const left = Math.round(across - ring.side / 2);
        const top = Math.round(down - ring.side / 2);
        if (left < 0 || top < 0 || left + ring.side > width || top + ring.side > height) continue;
        stamp(picture, width, ring, left, top);
      }
      context.putImageData(image, 0, 0);
    }

    ring(radius, ratio) {
      const key = `${radius} ${ratio}`;
      return (this.rings[key] ??= ringPixels(radius, ratio));
    }

    /** Clear pixels of a size, whose memory is kept from one drawing to the next. */
    blank(context, width, height) {
      const kept = this.sheet;
      if (kept?.image.width === width && kept.image.height === height) kept.picture.fill(0);
      else {
        const image = context.createImageData(width, height);
        this.sheet = { image, picture: new Uint32Array(image.data.buffer) };
      }
      return this.sheet;
    }

    /** What lies under the pointer on the canvases: a candidate, a dot or nothing. */
    under(latlng, reach) {
      const candidate = this.candidateUnder(latlng, Math.max(reach, 9));
      if (candidate >= 0) return { type: "candidate", index: candidate };
      const [pointerX, pointerY] = this.view.point(latlng);
      const away = ({ x, y }) => Math.hypot(x - pointerX, y - pointerY);
      const found = this.shown.findLast((dot) => away(dot) <= Math.max(dot.radius + 2, reach));
      return found ? { type: "dot", dot: found.dot } : null;
    }

    /** The nearest candidate within so many pixels, or -1. */
    candidateUnder({ lat, lng }, reach) {
      if (!this.candidatesVisible()) return -1;
      const [atX, atY] = SC.worldOf([lat, lng]);
      const { x, y, length } = this.candidates;
      let least = (reach / this.view.world) ** 2;
      let best = -1;
      for (let index = 0; index < length; index++) {
        const away = (x[index] - atX) ** 2 + (y[index] - atY) ** 2;
        if (away < least) [least, best] = [away, index];
      }
      return best;
    }

    /** The walking circle of what is selected, and the compass circle if asked for. */
    showChosen({ selected, compass, minutes, speed }) {
      this.chosen.clearLayers();
      const item = selected && this.data.find(selected);
      const sites = this.map.getPane("site");
      sites.classList.toggle("faded", Boolean(selected));
      this.sites.eachLayer((marker) => marker.getElement()?.classList.remove("on"));
      this.stations.eachLayer((marker) => marker.getElement()?.classList.remove("on"));
      if (!item) return;
      this.markerOf(selected)?.getElement()?.classList.add("on");
      const isStation = selected.type === "station";
      const colour = isStation ? "var(--station)" : "var(--site)";
      if (compass) this.addCompass(item.at, minutes, speed);
      if (item.circle) this.addCircle(item.circle, colour, isStation, compass);
      if (selected.type === "candidate") this.addRing(item.at);
    }

    markerOf({ type, index }) {
      const group = { site: this.sites, station: this.stations }[type];
      return group?.getLayers()[index];
    }

    /** A candidate has no marker of its own: ring it. */
    addRing(at) {
      const look = { renderer: this.renderer, pane: "chosen", interactive: false };
      L.circleMarker(at, { ...look, radius: 9, color: "#1E2422", weight: 2, fill: false }).addTo(
        this.chosen,
      );
    }

    addCompass(at, minutes, speed) {
      const look = { renderer: this.renderer, pane: "chosen", interactive: false };
      const radius = (limit) => (limit * speed * 1000) / 60;
      L.circle(at, {
        ...look,
        radius: radius(minutes[1]),
        fillColor: "url(#compass-hatch)",
        fillOpacity: 1,
        color: "#333",
        weight: 1.6,
        dashArray: "5 4",
      }).addTo(this.chosen);
      L.circle(at, {
        ...look,
        radius: radius(minutes[0]),
        fill: false,
        color: "#333",
        weight: 1,
        dashArray: "2 4",
      }).addTo(this.chosen);
    }

    addCircle([innerCoded, outerCoded], colour, isStation, compass) {
      const [inner, outer] = [innerCoded, outerCoded].map(SC.codec.decodePolygons);
      const look = {
        renderer: this.renderer,
        pane: "chosen",
        interactive: false,
        smoothFactor: 0.6,
      };
      const fill = (rings, opacity, shade) =>
        L.polygon(rings, { ...look, stroke: false, fillColor: shade, fillOpacity: opacity }).addTo(
          this.chosen,
        );
      const line = (rings, weight, opacity) =>
        L.polygon(rings, { ...look, fill: false, color: colour, weight, opacity }).addTo(
          this.chosen,
        );
      fill(outer, compass ? 0.95 : 0.45, isStation ? "var(--t15)" : "var(--pick15)");
      fill(inner, compass ? 0.9 : 0.45, isStation ? "var(--t10)" : "var(--pick10)");
      line(inner, 0.9, 0.8);
      line(
        outer.map((rings) => [rings[0]]),
        2.2,
        1,
      );
      line(
        outer.flatMap((rings) => rings.slice(1)).map((ring) => [ring]),
        0.8,
        0.8,
      );
    }
  }

  SC.icons = { stationIcon, pinIcon, HOUSE, SQUARE };
  SC.Marks = Marks;
})((globalThis.ServiceCircle ??= {}));
