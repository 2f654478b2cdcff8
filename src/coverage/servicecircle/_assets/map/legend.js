// Legend, scale bar, north arrow and the line of sources on the map.
"use strict";
(function (SC) {
  const { h, svg, pair } = SC.dom;
  const EQUATOR_METRES = 156543.034;

  function swatch(fill, line, width = 1.1) {
    return svg(
      "svg",
      { width: 36, height: 16, viewBox: "0 0 36 16", "aria-hidden": "true" },
      svg("rect", { x: 1, y: 1, width: 34, height: 14, fill, stroke: line, "stroke-width": width }),
    );
  }

  const row = (icon, words) => h("div", { class: "row" }, icon, h("div", null, pair(words)));
  const rule = () => h("div", { class: "rule" });

  /** Three nested circles with leaders. */
  function circles({ zoom, dotScale }, most, kind) {
    const sizes = SC.sums.legendSizes(most, zoom, dotScale);
    if (!sizes.length) return null;
    const radii = sizes.map((size) => SC.sums.dotRadius(size, zoom, dotScale));
    const bottom = 2 * radii[0] + 4;
    const height = Math.max(bottom + 2, sizes.length * 14);
    const colour = kind === "new" ? "#B4530A" : "#6F2A66";
    const centre = radii[0] + 2;
    return svg(
      "svg",
      { width: 2 * radii[0] + 58, height, class: "circles", "aria-hidden": "true" },
      sizes.map((size, index) => {
        const radius = radii[index];
        const label = 8 + index * Math.max(14, (height - 12) / Math.max(1, sizes.length));
        return [
          svg("circle", {
            cx: centre,
            cy: bottom - radius,
            r: radius,
            fill: colour,
            "fill-opacity": index === sizes.length - 1 ? 0.84 : 0.16,
            stroke: colour,
            "stroke-width": 1,
          }),
          svg("path", {
            d: `M${centre} ${bottom - 2 * radius}L${2 * radii[0] + 10} ${label}h6`,
            fill: "none",
            stroke: colour,
            "stroke-width": 0.8,
          }),
          svg(
            "text",
            { x: 2 * radii[0] + 19, y: label + 4, "font-size": 11 },
            SC.words.count(size),
          ),
        ];
      }),
    );
  }

  class Legend {
    constructor(root, foot, data, app) {
      this.root = root;
      this.foot = foot;
      this.data = data;
      this.app = app;
    }

    show(state, dots) {
      const { data } = this;
      const grey = state.view === "change";
      const withPlan = data.hasPlan && state.view !== "today";
      this.root.replaceChildren(
        ...[
          h(
            "button",
            {
              type: "button",
              class: "toggle",
              "aria-expanded": String(state.legend),
              on: { click: () => this.app.set({ legend: !state.legend }) },
            },
            pair(["图例", "Legend"]),
          ),
          h(
            "div",
            { class: "rows" },
            this.chosenRows(state),
            this.areaRows(grey, withPlan),
            rule(),
            this.markRows(state, withPlan),
            this.dotRows(state, dots, withPlan),
            data.ground.voids.length > 0 &&
              row(swatch("var(--void)", "#CBD2D4"), [
                "大片无街道（江湖、公园、厂区等）",
                "No streets: water, parks, yards…",
              ]),
          ),
        ],
      );
      this.root.classList.toggle("open", state.legend);
    }

    chosenRows({ selected, compass }) {
      const item = selected && this.data.find(selected);
      if (!item?.circle || selected.type === "station") return compass && this.compassRow();
      const [inner, outer] = this.data.minutes;
      return [
        row(swatch("var(--pick10)", "var(--site)"), [
          `此站点步行 ${inner} 分钟`,
          `${inner} min walk, this site`,
        ]),
        row(swatch("#FBE3C3", "var(--site)", 2), [
          `此站点步行 ${outer} 分钟`,
          `${outer} min walk, this site`,
        ]),
        compass && this.compassRow(),
      ];
    }

    compassRow() {
      return row(swatch("url(#compass-hatch)", "#333"), [
        "直线圆内、走不到",
        "In compass circle, not walkable",
      ]);
    }

    areaRows(grey, withPlan) {
      const { data } = this;
      const [inner, outer] = data.minutes;
      const line = grey ? "var(--grey-line)" : "var(--t-line)";
      return [
        data.stations.length > 0 &&
          row(swatch(grey ? "var(--grey10)" : "var(--t10)", line, 0.8), data.terms.area(inner)),
        data.stations.length > 0 &&
          row(swatch(grey ? "var(--grey15)" : "var(--t15)", line), data.terms.area(outer)),
        withPlan &&
          data.areas.added.length > 0 &&
          row(swatch("url(#hatch)", "var(--addline)", 1.4), data.terms.areaAdded(outer)),
        withPlan &&
          data.areas.lost?.length > 0 &&
          row(swatch("var(--land)", "var(--gap)"), [
            `不再能走到（${outer} 分钟）`,
            `${outer} min walk, no longer`,
          ]),
      ];
    }

    markRows(state, withPlan) {
      const { data } = this;
      const homes = data.stations.some((station) => station.home);
      const plain = data.stations.some((station) => !station.home);
      const closed = data.stations.some(
        (station) => station.closed || (station.gone && state.view !== "today"),
      );
      const icons = h(
        "span",
        { class: "icons" },
        plain && SC.icons.stationIcon({ home: false }, 15),
        homes && SC.icons.stationIcon({ home: true }, 15),
      );
      const label =
        plain && homes
          ? ["驿站 · 职工之家", "Station · workers' home"]
          : homes
            ? ["职工之家", "Workers' home"]
            : ["驿站", "Station"];
      return [
        withPlan && data.sites.length > 0 && row(SC.icons.pinIcon(1, 0.7), data.terms.site),
        data.stations.length > 0 && row(icons, label),
        closed &&
          row(SC.icons.stationIcon({ closed: true }, 15), [
            "已关闭或未启用",
            "Closed or not open yet",
          ]),
        state.candidatesShown &&
          data.candidates.length > 0 &&
          row(
            svg(
              "svg",
              { width: 36, height: 12, "aria-hidden": "true" },
              svg("circle", {
                cx: 18,
                cy: 6,
                r: 3.4,
                fill: "#fff",
                stroke: "#4A4F4C",
                "stroke-width": 1.2,
              }),
            ),
            ["候选点", "Candidate"],
          ),
      ];
    }

    dotRows(state, dots, withPlan) {
      if (!dots.length) return null;
      const fresh = state.view === "change" && dots.some((dot) => dot.kind === "new");
      const lost = dots.some((dot) => dot.kind === "lost");
      const counted = dots.filter((dot) => dot.kind === (fresh ? "new" : "gap"));
      const most = counted.length ? counted[0].workers : 0;
      const words = fresh
        ? ["新覆盖的职工", "newly covered workers"]
        : withPlan
          ? ["仍未覆盖职工", "still uncovered"]
          : ["未覆盖职工", "uncovered workers"];
      const ring = (fill, stroke, width = 0.9) =>
        svg(
          "svg",
          { width: 36, height: 14, "aria-hidden": "true" },
          svg("circle", { cx: 18, cy: 7, r: 5.5, fill, stroke, "stroke-width": width }),
        );
      const some = (kind) => dots.some((dot) => dot.kind === kind);
      return [
        rule(),
        row(circles(state, most, fresh ? "new" : "gap"), words),
        some("missed") &&
          row(ring("#3C403E", "#fff"), [
            "直线圆内、走不到的职工",
            "workers in circle who cannot walk it",
          ]),
        some("elsewhere") &&
          row(ring("#fff", "#3C403E", 1.6), [
            "其中能走到别的站点",
            "of them within reach of another station",
          ]),
        lost && row(ring("#6F2A66", "#fff"), ["不再覆盖的职工", "no longer covered"]),
        fresh && row(ring("#fff", "#8D7A8B"), ["仍未覆盖", "still uncovered"]),
        !fresh &&
          dots.some((dot) => dot.kind === "new") &&
          row(ring("#B4530A", "#fff"), ["此站点新覆盖的职工", "newly covered by this site"]),
      ];
    }

    /** Scale bar of at most 150 px, a small N, and the sources. */
    showScale(map) {
      const latitude = (map.getCenter().lat * Math.PI) / 180;
      const perPixel = (EQUATOR_METRES * Math.cos(latitude)) / 2 ** map.getZoom();
      const length = SC.sums.niceBelow(150 * perPixel);
      const text = length >= 1000 ? `${length / 1000} km` : `${length} m`;
      const north = svg(
        "svg",
        { width: 12, height: 22, viewBox: "0 0 12 22", "aria-hidden": "true" },
        svg("path", { d: "M6 0l5 12-5-3-5 3z" }),
        svg("text", { x: 6, y: 22, "font-size": 11, "text-anchor": "middle" }, "N"),
      );
      this.foot.replaceChildren(
        h(
          "span",
          { class: "credit" },
          this.data.notice && [
            h("span", { class: "notice" }, SC.dom.given(this.data.notice)),
            h("span", { "aria-hidden": "true" }, " ｜ "),
          ],
          SC.credit().at(-1),
          this.data.tiles &&
            !this.app.state.hidden.has("tiles") && [" ｜ ", SC.dom.name(this.data.tiles.credit)],
        ),
        h(
          "span",
          { class: "measure" },
          north,
          h(
            "span",
            { class: "scale" },
            text,
            h("i", { style: { width: `${length / perPixel}px` } }),
          ),
        ),
      );
    }
  }

  SC.Legend = Legend;
})((globalThis.ServiceCircle ??= {}));
