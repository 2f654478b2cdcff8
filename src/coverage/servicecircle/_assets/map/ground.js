// What lies under the marks: land, voids, walking areas, streets, veil, districts, labels.
"use strict";
(function (SC) {
  const PANES = {
    void: 210,
    area: 300,
    street: 340,
    line: 360,
    veil: 370,
    chosen: 375,
    district: 380,
    gap: 400,
    candidate: 430,
    station: 450,
    site: 500,
    label: 560,
  };
  const TAKES_CLICKS = ["station", "site"];
  const STREETS = [
    { colour: "#A9A69C", width: 1.5, most: 5, from: 0 },
    { colour: "#BDBAB1", width: 0.95, most: 3.6, from: 0 },
    { colour: "#CDCAC2", width: 0.5, most: 2.4, from: 12 },
  ];
  const PATH_ZOOM = 16;
  const TILE = 1024; // pixels of that zoom
  const CONTROL_SPACE = 40;

  function makePanes(map) {
    const drawn = {};
    for (const [name, level] of Object.entries(PANES)) {
      const pane = map.createPane(name);
      pane.style.zIndex = level;
      if (!TAKES_CLICKS.includes(name)) pane.style.pointerEvents = "none";
    }
    for (const name of ["void", "area", "line", "veil", "chosen", "district"]) {
      drawn[name] = new SC.BufferedSvg({ pane: name }).addTo(map);
    }
    return drawn;
  }

  /** Lines of one class by square of the city: a `Path2D` each and what it spans, in pixels of
   * one zoom around an origin. */
  function streetTiles(map, lines, origin) {
    const tiles = new Map();
    for (const line of lines) {
      const points = SC.codec
        .decodeLine(line)
        .map((place) => map.project(place, PATH_ZOOM)._subtract(origin));
      const { x, y } = points[0];
      const key = `${Math.floor(x / TILE)} ${Math.floor(y / TILE)}`;
      if (!tiles.has(key)) tiles.set(key, { path: new Path2D(), bounds: L.bounds([x, y], [x, y]) });
      const { path, bounds } = tiles.get(key);
      points.forEach((point, index) => {
        bounds.extend(point);
        if (index) path.lineTo(point.x, point.y);
        else path.moveTo(point.x, point.y);
      });
    }
    return [...tiles.values()];
  }

  function streetLayer(map, classes, centre) {
    const origin = map.project(centre, PATH_ZOOM);
    const tiles = classes.map((lines) => streetTiles(map, lines, origin));
    return new SC.CanvasLayer("street", (context, view) => {
      const scale = 2 ** (view.zoom - PATH_ZOOM);
      const grow = 1.42 ** (view.zoom - 13);
      const corner = view.origin.divideBy(scale).subtract(origin);
      const reach = [view.width / scale, view.height / scale];
      const shown = L.bounds(corner, corner.add(reach)).pad(0.02);
      context.save();
      context.scale(scale, scale);
      context.translate(-corner.x, -corner.y);
      context.lineCap = context.lineJoin = "round";
      for (let index = STREETS.length - 1; index >= 0; index--) {
        const look = STREETS[index];
        if (view.zoom < look.from) continue;
        context.strokeStyle = look.colour;
        context.lineWidth = Math.min(look.most, look.width * grow) / scale;
        for (const { path, bounds } of tiles[index])
          if (bounds.intersects(shown)) context.stroke(path);
      }
      context.restore();
    });
  }

  const WORLD = [
    [-85, -180],
    [-85, 180],
    [85, 180],
    [85, -180],
  ];

  class Ground {
    constructor(map, data) {
      this.map = map;
      this.drawn = makePanes(map);
      const ground = data.ground;
      this.districts = ground.districts;
      this.labels = ground.labels;
      this.shape(SC.codec.decodePolygons(ground.land), "void", { fillColor: "var(--land)" });
      this.shape(SC.codec.decodePolygons(ground.voids), "void", { fillColor: "var(--void)" });
      this.addAreas(data.areas);
      this.streets = streetLayer(map, ground.streets, data.bounds[0]).addTo(map);
      this.addDistricts(ground);
      this.labelLayer = L.layerGroup().addTo(map);
    }

    polygon(rings, pane, look) {
      return L.polygon(rings, {
        renderer: this.drawn[pane],
        pane,
        interactive: false,
        smoothFactor: 0.6,
        stroke: false,
        fillOpacity: 1,
        ...look,
      });
    }

    shape(rings, pane, look) {
      if (rings.length) this.polygon(rings, pane, look).addTo(this.map);
    }

    addAreas(areas) {
      const rings = Object.fromEntries(
        Object.entries(areas).map(([key, coded]) => [key, SC.codec.decodePolygons(coded)]),
      );
      const line = { stroke: true, fill: false };
      this.someLost = rings.lost?.length > 0;
      this.areas = {
        outer: this.polygon(rings.outer, "area", {}),
        inner: this.polygon(rings.inner, "area", {}),
        added: this.polygon(rings.added, "area", { fillColor: "url(#hatch)" }),
        lost: this.polygon(rings.lost ?? [], "area", {
          stroke: true,
          fillColor: "var(--land)",
          color: "var(--gap)",
          weight: 1.2,
          dashArray: "4 3",
        }),
        outerLine: this.polygon(rings.outer, "line", { ...line, weight: 1.1, opacity: 0.9 }),
        keptLine: this.polygon(rings.kept ?? [], "line", { ...line, weight: 1.1, opacity: 0.9 }),
        innerLine: this.polygon(rings.inner, "line", { ...line, weight: 0.6 }),
        addedLine: this.polygon(rings.added, "line", {
          ...line,
          color: "var(--addline)",
          weight: 1.4,
        }),
      };
    }

    addDistricts(ground) {
      if (ground.veil) {
        const land = SC.codec.decodePolygons(ground.land);
        this.shape([WORLD, ...land.map(([outer]) => outer)], "veil", {
          fillColor: "var(--paper)",
          fillOpacity: 0.62,
        });
      }
      const border = {
        renderer: this.drawn.district,
        pane: "district",
        interactive: false,
        color: "#5B615E",
        weight: 1.2,
        opacity: 0.8,
        dashArray: "8 3 1.5 3",
      };
      for (const line of ground.borders)
        L.polyline(SC.codec.decodeLine(line), border).addTo(this.map);
    }

    /** Show the areas of a view. */
    show({ view, hasPlan, selected, zoom }) {
      const grey = view === "change";
      const withPlan = hasPlan && view !== "today";
      const line = grey ? "var(--grey-line)" : "var(--t-line)";
      this.areas.outer.setStyle({ fillColor: grey ? "var(--grey15)" : "var(--t15)" });
      this.areas.inner.setStyle({ fillColor: grey ? "var(--grey10)" : "var(--t10)" });
      this.areas.outerLine.setStyle({ color: line });
      this.areas.innerLine.setStyle({ color: line, opacity: grey ? 0.25 : 0.55 });
      this.areas.keptLine.setStyle({ color: line });
      for (const key of ["outer", "inner"]) this.areas[key].addTo(this.map);
      const kept = withPlan && this.someLost;
      this.toggle(this.areas.outerLine, !kept);
      this.toggle(this.areas.keptLine, kept);
      this.toggle(this.areas.innerLine, zoom >= 12 && !kept);
      this.toggle(this.areas.added, withPlan);
      this.toggle(this.areas.addedLine, withPlan);
      this.toggle(this.areas.lost, withPlan);
      for (const pane of ["area", "line"]) {
        this.map.getPane(pane).style.opacity = selected ? 0.5 : 1;
      }
    }

    toggle(layer, wanted) {
      if (wanted) layer.addTo(this.map);
      else layer.remove();
    }

    /** District names, with the change where that is the view, and given labels. */
    showLabels({ view, hasPlan, figuresOf, spots }) {
      const { h, pair, name } = SC.dom;
      this.labelLayer.clearLayers();
      this.districts.forEach((district, index) => {
        if (!district.at) return;
        const change = view === "change" && hasPlan ? changeLabel(figuresOf(index)) : null;
        const words = district.en ? pair([district.zh, district.en]) : [name(district.zh)];
        this.label(
          district.at,
          h("div", { class: `district${change ? " changed" : ""}` }, words, change),
          true,
        );
      });
      for (const label of this.labels) {
        const words = label.en ? pair([label.zh, label.en]) : [name(label.zh)];
        this.label(
          label.at,
          h("div", { class: "river", style: { "--turn": `${label.turn}deg` } }, words),
        );
      }
      spots.forEach((spot, index) => {
        this.label(spot.at, h("div", { class: "letter" }, h("b", null, SC.letters[index])));
      });
      this.hideUnderControls();
    }

    label(at, element, hides = false) {
      const icon = L.divIcon({ className: hides ? "hides" : "", iconSize: [0, 0], html: element });
      L.marker(at, { pane: "label", interactive: false, keyboard: false, icon }).addTo(
        this.labelLayer,
      );
    }

    /** A name within 40 px of a control, or cut by the edge, is left out. */
    hideUnderControls() {
      const controls = [...document.querySelectorAll(".control, #card")]
        .filter((control) => control.offsetParent)
        .map((control) => control.getBoundingClientRect());
      const stage = this.map.getContainer().getBoundingClientRect();
      const names = [...document.querySelectorAll(".hides")].map((icon) => icon.firstChild);
      const boxes = names.map((name) => name.getBoundingClientRect()); // all, before any is changed
      names.forEach((name, index) => {
        const box = boxes[index];
        const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
        const near = controls.some(
          (control) =>
            x > control.left - CONTROL_SPACE &&
            x < control.right + CONTROL_SPACE &&
            y > control.top - CONTROL_SPACE &&
            y < control.bottom + CONTROL_SPACE,
        );
        const cut = box.top < stage.top || box.left < stage.left || box.right > stage.right;
        name.style.visibility = near || cut ? "hidden" : "";
      });
    }
  }

  function changeLabel(figures) {
    const { h, pair } = SC.dom;
    const { percent, points } = SC.words;
    const gain = points(figures.today, figures.plan, figures.workers);
    return [
      h(
        "span",
        { class: "points" },
        SC.words.signed(gain),
        h("small", null, " ", pair(["百分点", "pts"])),
      ),
      h(
        "span",
        { class: "shares" },
        `${percent(figures.today, figures.workers)} → ${percent(figures.plan, figures.workers)}`,
      ),
    ];
  }

  SC.letters = "ABCDEFGHIJ";
  SC.Ground = Ground;
})((globalThis.ServiceCircle ??= {}));
