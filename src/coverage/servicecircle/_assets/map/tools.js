// The buttons on the map, the menu of layers, and the languages.
"use strict";
(function (SC) {
  const { h, svg, pair } = SC.dom;
  const LANGUAGES = [
    ["zh", "中文"],
    ["en", "EN"],
    ["both", "双语"],
  ];
  const ICONS = {
    in: "M9 3v12M3 9h12",
    out: "M3 9h12",
    whole: "M2 6V2h4M12 2h4v4M16 12v4h-4M6 16H2v-4",
    layers: "M9 2l7 4-7 4-7-4zM2 9.5l7 4 7-4M2 13l7 4 7-4",
    measure: "M1.5 12.5l11-11 4 4-11 11zM5 9l1.6 1.6M7.5 6.5l2.3 2.3M10 4l1.6 1.6",
    print: "M5 6V2h8v4M5 13H2V7h14v6h-3M5 11h8v5H5z",
  };
  const LAYERS = [
    ["candidates", ["候选点", "Candidates"]],
    ["dots", ["职工圆点", "Worker dots"]],
    ["stations", ["现有站点", "Stations"]],
    ["streets", ["街道", "Streets"]],
    ["tiles", ["底图（需联网）", "Base map (online)"]],
  ];

  const icon = (path) =>
    svg("svg", { viewBox: "0 0 18 18", "aria-hidden": "true" }, svg("path", { d: path }));

  class Tools {
    constructor(app) {
      this.app = app;
    }

    /** Draw the tools anew; the one in focus keeps it. */
    show(state) {
      const focused = document.activeElement?.dataset.tool;
      const tool = (key, label, click, extra) =>
        h(
          "button",
          {
            type: "button",
            "data-tool": key,
            "aria-label": SC.say(label),
            title: SC.say(label),
            on: { click },
            ...extra,
          },
          icon(ICONS[key]),
        );
      this.app.parts.tools.replaceChildren(
        tool("in", ["放大", "Zoom in"], () => this.app.map.zoomIn()),
        tool("out", ["缩小", "Zoom out"], () => this.app.map.zoomOut()),
        tool("whole", ["全图", "Whole plan"], () => this.app.whole()),
        tool("layers", ["图层", "Layers"], () => this.app.set({ menu: !this.app.state.menu }), {
          "aria-expanded": String(state.menu),
        }),
        tool("measure", ["测距", "Measure"], () => this.app.measure(!this.app.state.measuring), {
          "aria-pressed": String(state.measuring),
        }),
        tool("print", ["打印", "Print"], () => globalThis.print()),
      );
      this.app.parts.lang.setAttribute("aria-label", SC.say(["语言", "Language"]));
      this.app.parts.lang.replaceChildren(...this.languages(state, "lang"));
      this.app.parts.menu.hidden = !state.menu;
      const languages = h(
        "div",
        { class: "languages", role: "group", "aria-label": SC.say(["语言", "Language"]) },
        this.languages(state, "menu"),
      );
      this.app.parts.menu.replaceChildren(
        ...LAYERS.filter(([key]) => key !== "tiles" || this.app.tiles).map(([key, label]) =>
          this.layerBox(key, label, state),
        ),
        languages,
      );
      if (focused) document.querySelector(`[data-tool="${CSS.escape(focused)}"]`)?.focus();
    }

    languages(state, place) {
      return LANGUAGES.map(([lang, label]) =>
        h(
          "button",
          {
            type: "button",
            "data-tool": `${place} ${lang}`,
            "aria-pressed": String(state.lang === lang),
            on: { click: () => this.app.set({ lang }) },
          },
          label,
        ),
      );
    }

    layerBox(key, label, state) {
      const change = (event) => {
        const hidden = new Set(this.app.state.hidden);
        if (event.target.checked) hidden.delete(key);
        else hidden.add(key);
        if (key === "tiles" && !this.app.tiles.show(event.target.checked)) hidden.add(key);
        this.app.set({ hidden });
      };
      const box = h("input", { type: "checkbox", "data-tool": `layer ${key}`, on: { change } });
      box.checked = !state.hidden.has(key);
      return h("label", null, box, " ", h("span", null, pair(label)));
    }
  }

  SC.Tools = Tools;
})((globalThis.ServiceCircle ??= {}));
