// The page: its frame, its state, and what happens on a click, a key or a move.
"use strict";
(function (SC) {
  const { h, svg, pair } = SC.dom;
  const PHONE = "(max-width: 760px)";
  const FAR_ZOOM = 12.5;
  function patterns() {
    const stripes = (id, size, turn, back, line, width) =>
      svg(
        "pattern",
        {
          id,
          width: size,
          height: size,
          patternUnits: "userSpaceOnUse",
          patternTransform: `rotate(${turn})`,
        },
        svg("rect", { width: size, height: size, fill: back }),
        svg("rect", { width, height: size, fill: line }),
      );
    return svg(
      "svg",
      { width: 0, height: 0, class: "patterns", "aria-hidden": "true" },
      svg(
        "defs",
        null,
        stripes("hatch", 6, 45, "#FCE4C4", "#E9A95C", 1.2),
        stripes("compass-hatch", 7, -45, "rgba(40,44,42,.1)", "rgba(40,44,42,.42)", 1.6),
      ),
    );
  }

  class App {
    constructor(map, data) {
      this.map = map;
      this.data = data;
      this.spots = [];
      this.state = {
        view: data.hasPlan ? "plan" : "today",
        tab: "first",
        group: -1,
        selected: null,
        compass: false,
        lang: data.language,
        legend: false,
        open: false,
        menu: false,
        copying: false,
        measuring: false,
        printing: false,
        hidden: new Set(["candidates", "tiles"]),
      };
      this.build();
      const pick = (selection, from) => this.pick(selection, from);
      this.ground = new SC.Ground(map, data);
      this.marks = new SC.Marks(map, data, this.ground.drawn.chosen, pick);
      this.panel = new SC.Panel(this.parts.panel, data, this);
      this.legend = new SC.Legend(this.parts.legend, this.parts.foot, data, this);
      this.card = new SC.Card(this.parts.card, data, this);
      this.tools = new SC.Tools(this);
      this.search = new SC.Search(this.parts.search, data, this);
      this.paper = new SC.Paper(this);
      this.ruler = new SC.Ruler(map);
      this.tiles = data.tiles && new SC.Tiles(map, data.tiles);
      this.listen();
      this.whole();
      this.refresh();
    }

    get phone() {
      return globalThis.matchMedia(PHONE).matches;
    }

    build() {
      const parts = (this.parts = {
        panel: h("aside", { id: "panel" }),
        search: h("div", { id: "search", class: "control", role: "search" }),
        lang: h("div", { id: "lang", class: "control", role: "group" }),
        tools: h("div", { id: "tools", class: "control" }),
        menu: h("div", { id: "menu", class: "control", hidden: true }),
        legend: h("div", { id: "legend", class: "control" }),
        foot: h("div", { id: "foot", class: "control" }),
        card: h("div", { id: "card", role: "dialog", hidden: true }),
        tip: h("div", { id: "tip", role: "status", hidden: true }),
      });
      const container = this.map.getContainer();
      container.setAttribute("role", "application");
      const { panel, ...over } = parts;
      const { search, lang, tools, menu, ...after } = over;
      // The order of the Tab key: panel, search, tools, pins.
      const main = h(
        "main",
        { id: "stage" },
        search,
        lang,
        tools,
        menu,
        container,
        Object.values(after),
      );
      document.body.prepend(panel, main);
      document.title =
        this.data.title ||
        SC.words
          .headline({ ...this.data.facts, figures: this.data.figuresFor(-1), view: "plan" })[0]
          .map((part) => part.strong || part)
          .join("");
      document.body.append(patterns());
      for (const part of Object.values(over))
        L.DomEvent.disableClickPropagation(part).disableScrollPropagation(part);
      this.map.invalidateSize(false);
    }

    listen() {
      const { map } = this;
      map.on("zoomend", () => this.zoomed());
      map.on("moveend", () => {
        this.legend.showScale(map);
        this.ground.hideUnderControls();
      });
      map.on("mousemove", (event) => this.hover(event));
      map.on("mouseout", () => (this.parts.tip.hidden = true));
      map.on("click", (event) => this.click(event));
      map.on("contextmenu", (event) => this.tellPlace(event));
      document.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") return;
        if (this.state.measuring) this.measure(false);
        else if (this.state.menu) this.set({ menu: false });
        else if (this.state.selected) this.pick(null);
      });
      globalThis.addEventListener("resize", () => this.map.invalidateSize());
    }

    set(changes) {
      Object.assign(this.state, changes);
      if (!this.state.selected) Object.assign(this.state, { compass: false, copying: false });
      this.refresh();
    }

    /** Places inside the compass circle of what is selected, but not inside its walk: "missed",
     * or "elsewhere" where another station is within reach. */
    findMissed() {
      const { selected, compass } = this.state;
      const item = compass && selected && this.data.find(selected);
      if (!item?.circle) return null;
      const walk = SC.codec.decodePolygons(item.circle[1]);
      const radius = (this.data.minutes[1] * this.data.speed * 1000) / 60;
      const { demand } = this.data;
      const covered = demand[this.withPlan ? "plan" : "today"];
      return demand.at.map((place, index) => {
        if (SC.sums.metres(place, item.at) > radius || SC.sums.insidePolygons(place, walk))
          return null;
        return covered[index] ? "elsewhere" : "missed";
      });
    }

    /** Workers in the compass circle who cannot walk here, but to another station. */
    get elsewhere() {
      const { workers } = this.data.demand;
      const kinds = this.missed ?? [];
      return kinds.reduce((sum, kind, at) => sum + (kind === "elsewhere" ? workers[at] : 0), 0);
    }

    get withPlan() {
      return this.data.hasPlan && this.state.view !== "today";
    }

    /** Kind of a place's dot: gap, new, lost, missed or elsewhere (see `findMissed`) or none. */
    kindOf(index) {
      const { demand } = this.data;
      const { group, view, selected } = this.state;
      if (group >= 0 && demand.group[index] !== group) return null;
      if (this.missed?.[index]) return this.missed[index];
      if (!this.withPlan) return demand.today[index] ? null : "gap";
      // Whoever loses a station that closes may be among those a site newly covers.
      if (selected?.type === "site" && demand.site[index] === selected.index + 1) return "new";
      if (demand.today[index]) {
        if (demand.plan[index]) return null;
        return view === "change" ? "lost" : "gap";
      }
      if (demand.plan[index]) return view === "change" ? "new" : null;
      return "gap";
    }

    findSpots() {
      const { demand, districts } = this.data;
      const { group } = this.state;
      if (this.withPlan) return [];
      const isGap = (index) => !demand.today[index] && (group < 0 || demand.group[index] === group);
      const spots = SC.sums.hotSpots(demand, isGap);
      for (const spot of spots) {
        const district = districts[spot.district];
        spot.district = district?.zh;
        spot.districtEn = district?.en;
        spot.near = SC.sums.nearestName(this.data.near, spot.at);
      }
      return spots;
    }

    /** The state, and what the parts need to know of the data and the map. */
    facts() {
      const { data, map, state } = this;
      return {
        ...state,
        hasPlan: data.hasPlan,
        zoom: map.getZoom(),
        minutes: data.minutes,
        speed: data.speed,
        candidates: !state.hidden.has("candidates"),
      };
    }

    /** Draw everything anew: after a change of state. */
    refresh() {
      const { data, map, parts } = this;
      const state = this.facts();
      const root = document.documentElement;
      root.dataset.lang = state.lang;
      root.lang = state.lang === "en" ? "en" : "zh";
      document.body.classList.toggle("open", state.open);
      document.body.dataset.view = state.view;
      this.spots = this.findSpots();
      this.missed = this.findMissed();
      this.ground.toggle(this.marks.stations, !state.hidden.has("stations"));
      this.ground.streets.canvas.style.display = state.hidden.has("streets") ? "none" : "";
      this.panel.show(state);
      this.card.show(state);
      this.refreshMap(state);
      this.search.show();
      this.tools.show(state);
      this.ground.showLabels({
        view: state.view,
        hasPlan: data.hasPlan,
        figuresOf: (index) => data.districtFigures(index, state.group),
        spots: this.spots,
      });
      parts.panel.setAttribute("aria-label", SC.say(["方案", "Plan"]));
      map.getContainer().setAttribute("aria-label", SC.say(["地图", "Map"]));
    }

    /** Draw what depends on the zoom. */
    refreshMap(state) {
      document.body.classList.toggle("far", state.zoom < FAR_ZOOM);
      this.ground.show(state);
      this.marks.show(state, state.hidden.has("dots") ? () => null : (index) => this.kindOf(index));
      const candidatesShown = this.marks.candidatesVisible();
      const { dots, dotScale } = this.marks;
      this.legend.show({ ...state, candidatesShown, dotScale }, dots);
      this.legend.showScale(this.map);
    }

    zoomed() {
      if (this.lastZoom === this.map.getZoom()) return;
      this.lastZoom = this.map.getZoom();
      this.refreshMap(this.facts());
    }

    /** Open or close a card; `from` gets the focus back. */
    pick(selected, from) {
      if (selected?.type === "candidate") {
        const site = this.data.candidates[selected.index].site;
        if (site) selected = { type: "site", index: site - 1 };
      }
      const view =
        selected?.type === "site" && this.state.view === "today" ? "plan" : this.state.view;
      if (selected) this.opener = from?.dataset.key || from || null;
      this.set({ selected, view, compass: false, copying: false, menu: false });
      if (selected) {
        this.zoomTo(this.data.find(selected));
        this.parts.card.querySelector(".close").focus({ preventScroll: true });
      } else this.giveFocusBack();
    }

    measure(measuring) {
      if (measuring) this.ruler.start();
      else this.ruler.stop();
      this.map.getContainer().classList.toggle("measuring", measuring);
      this.set({ measuring, menu: false });
    }

    /** Lay the compass circle over the walk, or take it away. */
    compare(compass) {
      this.set({ compass });
      this.zoomTo(this.data.find(this.state.selected));
    }

    giveFocusBack() {
      const { opener } = this;
      this.opener = null;
      if (!opener) return;
      const element =
        typeof opener === "string"
          ? this.parts.panel.querySelector(`[data-key="${CSS.escape(opener)}"]`)
          : opener;
      element?.focus({ preventScroll: true });
    }

    move(bounds, options) {
      const still = globalThis.matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.map.fitBounds(bounds, { animate: !still, ...options });
    }

    /** The circle, in the free space between legend and card. */
    zoomTo({ at, circle }) {
      const reach = (this.data.minutes[1] * this.data.speed * 1000) / 60;
      const bounds = L.latLng(at).toBounds(circle && !this.state.compass ? reach / 2 : 2 * reach);
      if (circle) for (const [outer] of circle[1]) bounds.extend(SC.codec.decodeLine(outer));
      const size = this.map.getSize();
      const sheet = 0.62 * innerHeight - (innerHeight - size.y);
      const wide = size.x > 900;
      this.move(
        bounds,
        this.phone
          ? { paddingTopLeft: [8, 64], paddingBottomRight: [8, Math.max(0, sheet) + 8] }
          : {
              paddingTopLeft: [wide ? 244 : 16, 24],
              paddingBottomRight: [wide ? 416 : Math.min(416, size.x / 2), 48],
            },
      );
    }

    fly(at) {
      const radius = 900;
      this.move(L.latLng(at).toBounds(2 * radius), {});
      if (this.phone) this.set({ open: false });
    }

    whole() {
      const small = this.map.getSize().x < 700;
      this.map.setMinZoom(Math.min(10, this.map.getBoundsZoom(this.data.bounds)));
      this.map.fitBounds(this.data.bounds, {
        animate: false,
        paddingTopLeft: this.phone && !this.state.printing ? [4, 64] : [small ? 16 : 236, 8],
        paddingBottomRight: this.phone ? [4, 48] : [62, 44],
      });
    }

    hover(event) {
      if (this.state.measuring) return;
      const { tip } = this.parts;
      const under = this.marks.under(event.latlng, 0);
      if (!under && this.told && this.nearTold(event.latlng)) return;
      this.told = null;
      this.map.getContainer().style.cursor = under ? "pointer" : "";
      tip.hidden = !under;
      if (!under) return;
      const { groups } = this.data;
      if (under.type === "dot") {
        const { dot } = under;
        const said = {
          new: ["人新覆盖", "newly covered"],
          lost: ["人不再覆盖", "no longer covered"],
          missed: ["人走不到", "cannot walk it"],
          elsewhere: ["人走不到这里，但有别的站点", "cannot walk here, but to another station"],
          gap: ["人未覆盖", "uncovered"],
        }[dot.kind];
        const lines = dot.groups
          .map((number, group) => ({ number, group }))
          .filter((part) => part.number > 0)
          .sort((a, b) => b.number - a.number)
          .map((part) => `${SC.say(groups[part.group], true)} ${SC.words.count(part.number)}`);
        tip.replaceChildren(
          h("b", null, SC.words.count(dot.workers)),
          " ",
          pair(said),
          h("div", null, lines.join(" · ")),
        );
      } else {
        const candidate = this.data.candidates[under.index];
        const gain = candidate.note ? "" : ` +${SC.words.count(candidate.gain)}`;
        tip.replaceChildren(SC.dom.name(candidate.name), gain);
      }
      this.placeTip(event.latlng);
    }

    nearTold(place) {
      const [a, b] = [place, this.told].map((one) => this.map.latLngToContainerPoint(one));
      return a.distanceTo(b) < 40;
    }

    /** A click on any place: minutes from there to the nearest station. */
    tellWalk(latlng) {
      const { data } = this;
      if (!data.walkAt) return;
      const { tip } = this.parts;
      const minutes = data.walkAt(latlng.lat, latlng.lng);
      const lines = SC.words.walkSentences(minutes, data.minutes[1], data.hasPlan, data.terms);
      tip.replaceChildren(...lines.map((line) => h("div", { class: "walk" }, pair(line))));
      tip.hidden = false;
      this.told = latlng;
      this.placeTip(latlng);
    }

    /** Long press or right click: the coordinates. */
    tellPlace({ latlng }) {
      const { tip } = this.parts;
      tip.replaceChildren(`${latlng.lat.toFixed(5)}, ${latlng.lng.toFixed(5)} WGS-84`);
      tip.hidden = false;
      this.placeTip(latlng);
    }

    placeTip(latlng) {
      const { tip } = this.parts;
      const at = this.map.latLngToContainerPoint(latlng);
      const size = this.map.getSize();
      tip.style.left = `${Math.min(at.x + 14, size.x - tip.offsetWidth - 8)}px`;
      tip.style.top = `${Math.min(at.y + 14, size.y - tip.offsetHeight - 8)}px`;
    }

    click(event) {
      if (this.state.measuring) {
        this.ruler.add(event.latlng);
        return;
      }
      if (this.state.menu) this.set({ menu: false });
      const under = this.marks.under(event.latlng, this.phone ? 20 : 9);
      if (under?.type === "candidate") this.pick(under, this.map.getContainer());
      else if (this.phone && under) this.hover(event);
      else if (!under) this.tellWalk(event.latlng);
    }
  }

  /** A pair as one string in the page's language. */
  SC.say = ([zh, en], shortly = false) => {
    const { lang } = document.documentElement.dataset;
    if (lang === "en") return en;
    return lang === "zh" || shortly ? zh : `${zh} ${en}`;
  };

  SC.start = (map) => {
    const data = JSON.parse(document.getElementById("servicecircle-data").textContent);
    document.documentElement.dataset.lang = data.language;
    SC.app = new App(map, SC.unpack(data));
  };
})((globalThis.ServiceCircle ??= {}));
