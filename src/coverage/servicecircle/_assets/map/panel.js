// The left panel: the finding, its bar, the views, groups, tabs, lists and the source line.
"use strict";
(function (SC) {
  const { h, svg, pair, brief, name } = SC.dom;
  const words = SC.words;
  const VIEWS = ["today", "plan", "change"];
  const CHANGE = ["变化", "Change"];

  const parts = (list) => list.map((part) => (part.strong ? h("b", null, part.strong) : part));

  function stretch(kind, workers) {
    return h("i", { class: kind, style: { "flex-grow": workers } });
  }

  function figure(text, label, kind) {
    return h("div", { class: kind }, h("b", null, text), pair(label));
  }

  /** The three-part bar; it is the colour key as well. */
  function bar(figures, withPlan, terms) {
    const { workers, today, plan } = figures;
    const end = withPlan ? plan : today;
    const left = workers - end;
    const [zh, en] = terms.added;
    const sentence = SC.say([
      `已覆盖 ${words.count(today)} 人${withPlan ? `，${zh} ${words.count(plan - today)} 人` : ""}，未覆盖 ${words.count(left)} 人`,
      `${words.count(today)} covered${withPlan ? `, ${words.count(plan - today)} ${en}` : ""}, ${words.count(left)} uncovered`,
    ]);
    return h(
      "div",
      { class: "figures" },
      h(
        "div",
        { class: "bar", role: "img", "aria-label": sentence },
        stretch("today", Math.min(today, end)),
        withPlan && plan > today && stretch("added", plan - today),
        left > 0 && stretch("left", left),
      ),
      h(
        "div",
        { class: "numbers" },
        figure(words.count(today), terms.covered, "today"),
        withPlan && figure(words.signed(plan - today), terms.added, "added"),
        withPlan
          ? figure(words.count(left), ["仍未覆盖", "still uncovered"], "left")
          : figure(words.count(left), ["未覆盖", "uncovered"], "left"),
      ),
    );
  }

  /** A gap by its street or sub-district where known, else by its district. */
  function spotName({ district, districtEn, near }) {
    if (near) return [name(near), " ", h("small", null, name(district || ""))];
    if (district) return brief([`${district}盲区`, `Gap in ${districtEn || district}`]);
    return brief(["盲区", "Gap"]);
  }

  class Panel {
    constructor(root, data, app) {
      this.root = root;
      this.data = data;
      this.app = app;
    }

    show(state) {
      const list = this.root.querySelector(".list");
      const scrolled = list ? list.scrollTop : 0;
      const focused =
        this.root.contains(document.activeElement) && document.activeElement.dataset.key;
      if (state.printing) {
        this.root.replaceChildren(this.head(state), this.sheet(state), this.source());
        return;
      }
      this.root.replaceChildren(
        this.handle(state),
        this.head(state),
        ...[this.groups(state), this.tabs(state), this.body(state), this.source()].filter(Boolean),
      );
      const renewed = this.root.querySelector(".list");
      if (renewed && this.lastTab === state.tab) renewed.scrollTop = scrolled;
      this.lastTab = state.tab;
      if (focused) this.root.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    }

    button(key, attributes, ...children) {
      return h("button", { type: "button", "data-key": key, ...attributes }, ...children);
    }

    handle(state) {
      return this.button("handle", {
        class: "handle",
        "aria-expanded": String(state.open),
        "aria-label": SC.say(["展开或收起", "Expand or collapse"]),
        on: { click: () => this.app.set({ open: !state.open }) },
      });
    }

    head(state) {
      const { data } = this;
      const figures = data.figuresFor(state.group);
      const facts = { ...data.facts, figures, view: state.view, group: data.groups[state.group] };
      const [zh, en] = words.headline(facts);
      const withPlan = data.hasPlan && state.view !== "today";
      const inner = words.innerLine({
        inner: data.minutes[0],
        figures,
        view: state.view,
        hasPlan: data.hasPlan,
      });
      return h(
        "header",
        { class: "head" },
        (data.title || data.date) &&
          h(
            "div",
            { class: "over" },
            h("span", null, data.title && name(data.title)),
            h("span", null, data.date),
          ),
        h(
          "h1",
          null,
          h("span", { class: "zh", lang: "zh" }, parts(zh)),
          h("span", { class: "en", lang: "en" }, parts(en)),
        ),
        figures.workers > 0
          ? bar(figures, withPlan, data.terms)
          : h("p", { class: "none" }, pair(["未提供职工数据", "No workers given"])),
        figures.workers > 0 && h("div", { class: "inner" }, pair(inner)),
        data.hasPlan && this.views(state),
      );
    }

    views(state) {
      return h(
        "div",
        { class: "views", role: "group", "aria-label": SC.say(["视图", "View"]) },
        VIEWS.map((view) =>
          this.button(
            `view ${view}`,
            {
              "aria-pressed": String(state.view === view),
              on: {
                click: () =>
                  this.app.set({
                    view,
                    tab: view === "change" ? "districts" : "first",
                    selected: null,
                  }),
              },
            },
            pair(this.data.terms[view] ?? CHANGE),
          ),
        ),
      );
    }

    groups(state) {
      const { groups } = this.data;
      if (groups.length < 2) return h("div", { class: "rule" });
      const chip = (group, label) =>
        this.button(
          `group ${group}`,
          {
            "aria-pressed": String(state.group === group),
            on: { click: () => this.app.set({ group }) },
          },
          brief(label),
        );
      return h(
        "div",
        { class: "chips", role: "group", "aria-label": SC.say(["人群", "Worker groups"]) },
        chip(-1, ["全部", "All"]),
        groups.map(([, , zh, en], group) => chip(group, [zh, en])),
      );
    }

    tabList(state) {
      const { data } = this;
      const first =
        data.hasPlan && state.view !== "today" ? data.terms.order : ["盲区热点", "Largest gaps"];
      return [
        ["first", first],
        data.districts.length > 0 && ["districts", ["各区", "Districts"]],
        data.groups.length > 1 && ["groups", ["人群", "Groups"]],
      ].filter(Boolean);
    }

    tabs(state) {
      const shown = this.tabList(state);
      const current = shown.some(([tab]) => tab === state.tab) ? state.tab : "first";
      const step = (event) => {
        const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!move) return;
        const at = shown.findIndex(([tab]) => tab === current);
        const next = shown[(at + move + shown.length) % shown.length][0];
        this.app.set({ tab: next });
        this.root.querySelector(`[data-key="tab ${next}"]`)?.focus();
      };
      return h(
        "div",
        { class: "tabs", role: "tablist", on: { keydown: step } },
        shown.map(([tab, label]) =>
          this.button(
            `tab ${tab}`,
            {
              role: "tab",
              "aria-selected": String(tab === current),
              tabindex: tab === current ? 0 : -1,
              on: { click: () => this.app.set({ tab }) },
            },
            pair(label),
          ),
        ),
      );
    }

    body(state) {
      const shown = this.tabList(state).some(([tab]) => tab === state.tab) ? state.tab : "first";
      return h(
        "div",
        { class: "list", role: "tabpanel", tabindex: -1 },
        this.content(shown, state),
      );
    }

    /** On paper: the order (or the gaps) and the districts, one below the other. */
    sheet(state) {
      const { districts } = this.data;
      return h(
        "div",
        { class: "list" },
        this.content("first", state),
        districts.length > 0 && [
          h("h2", null, pair(["各区覆盖率", "By district"])),
          this.content("districts", state),
        ],
      );
    }

    content(tab, state) {
      const { data } = this;
      if (tab === "districts")
        return this.bars(state, data.districts, (index) =>
          data.districtFigures(index, state.group),
        );
      if (tab === "groups") {
        const rows = data.groups.map(([zh, en]) => ({ zh, en }));
        return this.bars(state, rows, (index) => data.figuresFor(index));
      }
      if (data.hasPlan && state.view !== "today") return this.order(state);
      return this.gaps(state);
    }

    row(key, badge, label, share, kind, numbers, attributes) {
      return h(
        "li",
        null,
        this.button(
          key,
          { class: `row ${kind}`, ...attributes },
          h("span", { class: "badge" }, badge),
          h(
            "span",
            { class: "what" },
            h("span", { class: "name" }, label),
            h("span", { class: "track" }, h("i", { style: { width: `${100 * share}%` } })),
          ),
          numbers.map((text, index) => h("span", { class: index ? "second" : "first" }, text)),
        ),
      );
    }

    order(state) {
      const { data } = this;
      const notes = data.conflicts.map((conflict) =>
        h("p", { class: data.infeasible ? "conflict" : "none note" }, pair(conflict)),
      );
      if (data.infeasible) return notes;
      if (!data.sites.length) return [this.empty(), notes];
      const figures = data.figuresFor(state.group);
      const gains = data.sites.map((site) => data.gainOf(site, state.group));
      const most = Math.max(...gains, 1e-9);
      const gained = gains.reduce((sum, gain) => sum + gain, 0);
      let covered = data.closing ? figures.plan - gained : figures.today;
      const rows = data.sites.map((site, index) => {
        covered += gains[index];
        const on = state.selected?.type === "site" && state.selected.index === index;
        return this.row(
          `site ${index}`,
          index + 1,
          [name(site.name), " ", h("small", null, name(site.district))],
          gains[index] / most,
          on ? "site on" : "site",
          [`+${words.count(gains[index])}`, words.percent(covered, figures.workers)],
          { on: { click: (event) => this.app.pick({ type: "site", index }, event.currentTarget) } },
        );
      });
      return [this.headings(["新增人数", "Added"], ["累计", "Total"]), h("ol", null, rows), notes];
    }

    empty() {
      if (this.data.emptyReason) return h("p", { class: "none" }, pair(this.data.emptyReason));
      return null;
    }

    headings(first, second) {
      return h(
        "div",
        { class: "row headings", "aria-hidden": "true" },
        h("span"),
        h("span"),
        h("span", { class: "first" }, brief(first)),
        h("span", { class: "second" }, brief(second)),
      );
    }

    gaps(state) {
      const { data } = this;
      const figures = data.figuresFor(state.group);
      if (!(figures.workers > 0)) return null;
      const spots = this.app.spots;
      if (!spots.length) {
        return h(
          "p",
          { class: "none" },
          pair([
            `${data.minutes[1]} 分钟内已全部覆盖`,
            `Everyone is within ${data.minutes[1]} minutes`,
          ]),
        );
      }
      const rows = spots.map((spot, index) =>
        this.row(
          `spot ${index}`,
          SC.letters[index],
          spotName(spot),
          spot.workers / spots[0].workers,
          "spot",
          [words.count(spot.workers), words.count(spot.places)],
          { on: { click: () => this.app.fly(spot.at) } },
        ),
      );
      return [this.headings(["职工", "Workers"], ["处", "Places"]), h("ol", null, rows)];
    }

    /** Bars before → after, for districts and groups. */
    bars(state, rows, figuresOf) {
      const { data } = this;
      const withPlan = data.hasPlan && state.view !== "today";
      return h(
        "ul",
        { class: "bars" },
        rows.map((row, index) => {
          const figures = figuresOf(index);
          const end = withPlan ? figures.plan : figures.today;
          const width = (part) => ({
            width: figures.workers > 0 ? `${(100 * part) / figures.workers}%` : "0",
          });
          const before = words.percent(figures.today, figures.workers);
          return h(
            "li",
            null,
            h(
              "div",
              { class: "line" },
              h("b", null, row.en ? brief([row.zh, row.en]) : name(row.zh)),
              h(
                "span",
                null,
                withPlan
                  ? [`${before} → `, h("b", null, words.percent(end, figures.workers))]
                  : h("b", null, before),
              ),
            ),
            h(
              "div",
              { class: "track" },
              h("i", { class: "today", style: width(Math.min(figures.today, end)) }),
              withPlan &&
                h("i", {
                  class: "added",
                  style: width(Math.max(0, figures.plan - figures.today)),
                }),
            ),
            h(
              "div",
              { class: "line small" },
              h(
                "span",
                null,
                brief([
                  `共 ${words.count(figures.workers)} 人，${withPlan ? "仍" : ""}未覆盖 ${words.count(figures.workers - end)}`,
                  `${words.count(figures.workers)} workers, ${words.count(figures.workers - end)} ${withPlan ? "still " : ""}uncovered`,
                ]),
              ),
              row.stations === undefined
                ? null
                : h(
                    "span",
                    null,
                    brief(
                      withPlan
                        ? [
                            `现有 ${row.stations}，新增 ${row.sites}`,
                            `${row.stations} today, ${row.sites} new`,
                          ]
                        : [`现有 ${row.stations}`, `${row.stations} stations`],
                    ),
                  ),
            ),
          );
        }),
      );
    }

    source() {
      const { data } = this;
      return h(
        "footer",
        { class: "source" },
        pair(words.source(data.sourceFacts)),
        " ",
        SC.credit(),
        data.notes.length > 0 &&
          h(
            "details",
            null,
            h(
              "summary",
              null,
              pair([`数据说明 ${data.notes.length} 条`, `Notes on the data: ${data.notes.length}`]),
            ),
            h(
              "ul",
              null,
              data.notes.map((note) =>
                h("li", null, note[0] === note[1] ? name(note[0]) : pair(note)),
              ),
            ),
          ),
      );
    }
  }

  /** © OpenStreetMap contributors, with its link. */
  SC.credit = () => [
    pair(["街道", "Streets"]),
    " ",
    h(
      "a",
      {
        href: "https://www.openstreetmap.org/copyright",
        target: "_blank",
        rel: "noopener noreferrer",
      },
      "© OpenStreetMap contributors",
    ),
  ];
  SC.Panel = Panel;
  SC.closeIcon = () =>
    svg(
      "svg",
      { viewBox: "0 0 18 18", "aria-hidden": "true" },
      svg("path", { d: "M3 3l12 12M15 3L3 15" }),
    );
})((globalThis.ServiceCircle ??= {}));
