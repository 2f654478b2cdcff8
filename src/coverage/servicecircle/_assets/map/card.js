// The card of a site, a candidate or a station.
"use strict";
(function (SC) {
  const { h, svg, pair, brief, name } = SC.dom;
  const words = SC.words;
  const MARKS = { yes: "✓", no: "✗", unknown: "?", plain: "·" };
  const SAID = {
    yes: ["符合", "met"],
    no: ["不符合", "not met"],
    unknown: ["待核实", "to be checked"],
    plain: ["说明", "note"],
  };

  const TEXTS = [
    ["hours", "开放", "Open"],
    ["amenities", "设施", "Amenities"],
  ];
  const FLAGS = [
    ["street_front", ["临街", "On the street"], ["不临街", "Not on the street"]],
    ["open_to_public", ["对外开放", "Open to all"], ["不对外开放", "Not open to all"]],
    ["owner_consent", ["业主同意", "Owner agrees"], ["业主不同意", "Owner does not agree"]],
  ];

  const section = (...children) => h("section", null, ...children);

  /** Workers by group, most first. */
  function groupBars(data, workers) {
    const rows = workers
      .map((number, group) => ({ number, group }))
      .filter((row) => row.number > 0);
    if (!rows.length || data.groups.length < 2) return null;
    rows.sort((a, b) => b.number - a.number);
    return rows.map(({ number, group }) =>
      h(
        "div",
        { class: "group" },
        h("span", null, brief(data.groups[group])),
        h("span", null, h("i", { style: { width: `${(100 * number) / rows[0].number}%` } })),
        h("b", null, words.count(number)),
      ),
    );
  }

  function groupSection(data, heading, workers) {
    const bars = groupBars(data, workers || []);
    return bars && section(h("h3", null, pair(heading)), bars);
  }

  /** What the table says; "?" is to be checked, never a pass; no column, no line. */
  function conditions(item) {
    const texts = TEXTS.filter(([key]) => typeof item[key] === "string").map(([key, zh, en]) =>
      item[key] === "?"
        ? ["unknown", [`${zh}：待核实`, `${en}: to be checked`]]
        : ["plain", [`${zh}：${item[key]}`, `${en}: ${item[key]}`]],
    );
    const flags = FLAGS.filter(([key]) => ![null, undefined].includes(item[key])).map(
      ([key, yes, no]) => {
        if (item[key] === "?")
          return ["unknown", [`${yes[0]}：待核实`, `${yes[1]}: to be checked`]];
        return item[key] ? ["yes", yes] : ["no", no];
      },
    );
    const list = [...flags, ...texts];
    if (!list.length) return null;
    return section(
      h("h3", null, pair(["条件", "Conditions"])),
      h(
        "ul",
        { class: "conditions" },
        list.map(([mark, text]) => line(mark, text)),
      ),
    );
  }

  const line = (mark, text) =>
    h(
      "li",
      null,
      h("span", { class: mark, role: "img", "aria-label": SC.say(SAID[mark]) }, MARKS[mark]),
      h("span", null, brief(text)),
    );

  /** The standard rule by rule; what the table does not say is to be checked. */
  function standardSection({ standard }, { rules }) {
    if (!standard || !rules) return null;
    const mark = { y: "yes", n: "no", "?": "unknown" };
    return section(
      h("h3", null, pair(["对照标准", "Against the standard"]), " · ", brief(standard.name)),
      h(
        "ul",
        { class: "conditions" },
        standard.rules.map((text, index) => line(mark[rules[index]], text)),
      ),
    );
  }

  /** A link to a photo: only https, whatever the page was given. */
  function photoSection({ photo }) {
    if (!photo?.startsWith("https://")) return null;
    return section(
      h(
        "a",
        { class: "photo", href: photo, target: "_blank", rel: "noopener noreferrer" },
        brief(["照片", "Photo"]),
        " ↗ ",
        h("small", null, name(new URL(photo).hostname)),
      ),
    );
  }

  const joined = (list, separator) => list.filter(Boolean).join(separator);

  class Card {
    constructor(root, data, app) {
      this.root = root;
      this.data = data;
      this.app = app;
    }

    show(state) {
      const item = state.selected && this.data.find(state.selected);
      this.root.hidden = !item;
      if (!item) return;
      const make = { site: this.site, candidate: this.candidate, station: this.station }[
        state.selected.type
      ];
      const { icon, sub, body } = make.call(this, item, state);
      const focused =
        this.root.contains(document.activeElement) && document.activeElement.dataset.key;
      this.root.setAttribute("aria-label", item.name);
      this.root.replaceChildren(
        h(
          "div",
          { class: "top" },
          icon,
          h(
            "div",
            { class: "title" },
            h("h2", null, name(item.name)),
            h("div", { class: "sub" }, brief(sub)),
          ),
          h(
            "button",
            {
              type: "button",
              class: "close",
              "data-key": "close",
              "aria-label": SC.say(["关闭", "Close"]),
              on: { click: () => this.app.pick(null) },
            },
            SC.closeIcon(),
          ),
        ),
        ...body.filter(Boolean),
      );
      if (focused) this.root.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    }

    site(site, state) {
      const { data } = this;
      const total = data.figuresFor(-1).workers;
      const [opensZh, opensEn] = data.terms.opens(site.order, data.sites.length);
      return {
        icon: SC.icons.pinIcon(site.order, 1.1),
        sub: [
          joined([site.kind?.[0], site.district, opensZh], " · "),
          joined([site.kind?.[1], site.district, opensEn], " · "),
        ],
        body: [
          section(
            h("div", { class: "big" }, `+${words.count(site.gain)}`),
            h("div", { class: "label" }, pair(["名职工新覆盖", "workers newly covered"])),
            h(
              "div",
              { class: "sub" },
              pair(["覆盖率", "Coverage"]),
              ` ${words.percent(site.before, total, 1)} → `,
              h("b", null, words.percent(site.after, total, 1)),
            ),
            reason(site),
          ),
          groupSection(data, ["新覆盖的人群", "Who is newly covered"], site.groups),
          standardSection(data, site),
          conditions(site),
          photoSection(site),
          site.runnerUp === null || site.runnerUp === undefined ? null : this.runnerUp(site),
          this.compass(site, state),
          this.buttons(site, state),
        ],
      };
    }

    runnerUp({ runnerUp: index, runnerGain }) {
      const other = this.data.candidates[index];
      return section(
        h(
          "h3",
          null,
          pair([
            `${this.data.runnerUpMetres} 米内的替代点`,
            `Runner-up within ${this.data.runnerUpMetres} m`,
          ]),
        ),
        h(
          "button",
          {
            type: "button",
            class: "line",
            "data-key": "runner",
            on: {
              click: (event) => this.app.pick({ type: "candidate", index }, event.currentTarget),
            },
          },
          name(other.name),
          h("b", null, `+${words.count(runnerGain)}`),
        ),
      );
    }

    candidate(candidate, state) {
      const { data } = this;
      const dot = svg(
        "svg",
        { width: 22, height: 22, "aria-hidden": "true" },
        svg("circle", { cx: 11, cy: 11, r: 7, fill: "#fff", stroke: "#4A4F4C", "stroke-width": 2 }),
      );
      const left = words.count(candidate.left ?? 0);
      return {
        icon: dot,
        sub: [
          joined(
            [
              candidate.kind?.[0],
              candidate.district,
              candidate.rank && `单独排名第 ${candidate.rank}`,
            ],
            " · ",
          ),
          joined(
            [
              candidate.kind?.[1],
              candidate.district,
              candidate.rank &&
                `ranked ${candidate.rank} of ${data.source.candidatesAll} on its own`,
            ],
            " · ",
          ),
        ],
        body: [
          candidate.note
            ? section(h("p", null, brief(candidate.note)))
            : section(
                h("div", { class: "big" }, `+${words.count(candidate.gain)}`),
                h(
                  "div",
                  { class: "label" },
                  pair(["名职工，若只开这一处", "workers, if only this one opened"]),
                ),
                h(
                  "p",
                  { class: "zh", lang: "zh" },
                  `未入选：方案建成后，这里只再新增 ${left} 人。`,
                ),
                h(
                  "p",
                  { class: "en", lang: "en" },
                  `Not chosen: once the plan is open it would add ${left} more.`,
                ),
              ),
          groupSection(
            data,
            ["若只开这一处，新覆盖的人群", "Who it would newly cover"],
            candidate.groups,
          ),
          standardSection(data, candidate),
          conditions(candidate),
          photoSection(candidate),
          candidate.circle
            ? this.compass(candidate, state)
            : section(
                h(
                  "p",
                  { class: "note" },
                  brief([
                    "此候选点的服务圈未随图保存。",
                    "The service area of this candidate does not travel with the map.",
                  ]),
                ),
              ),
          this.buttons(candidate, state),
        ],
      };
    }

    station(station, state) {
      const { data } = this;
      const [inner, outer] = data.minutes;
      const shut = station.closed || (station.gone && state.view !== "today");
      return {
        icon: SC.icons.stationIcon(station, 22),
        sub: [
          joined(
            [shut ? "已关闭或未启用" : "现有站点", station.kind?.[0], station.district],
            " · ",
          ),
          joined(
            [
              shut ? "Closed or not open yet" : "Station today",
              station.kind?.[1],
              station.district,
            ],
            " · ",
          ),
        ],
        body: [
          station.workers === null || station.workers === undefined
            ? null
            : section(
                h("div", { class: "big station" }, words.count(station.workers)),
                h(
                  "div",
                  { class: "label" },
                  pair([`名职工在 ${outer} 分钟内`, `workers within ${outer} minutes`]),
                ),
                h(
                  "p",
                  { class: "zh", lang: "zh" },
                  `${inner} 分钟内 ${words.count(station.inner)} 人。有 ${words.count(station.alone)} 人只能走到这一个站点。`,
                ),
                h(
                  "p",
                  { class: "en", lang: "en" },
                  `${words.count(station.inner)} within ${inner} minutes. ${words.count(station.alone)} can walk to no other station.`,
                ),
              ),
          this.compass(station, state),
          state.compass ? null : groupSection(data, ["服务人群", "Who is served"], station.groups),
          standardSection(data, station),
          conditions(station),
          photoSection(station),
          this.buttons(station, state),
        ],
      };
    }

    /** The compass circle against the walk: both areas, both head counts. */
    compass(item, state) {
      if (!state.compass || !item.circle) return null;
      const { data } = this;
      const outer = data.minutes[1];
      const radius = (outer * data.speed * 1000) / 60;
      const circle = (Math.PI * radius * radius) / 1e6;
      const inside = SC.sums.workersWithin(data.demand, item.at, radius);
      const [zh, en] = words.compassSentence(inside, item.workers, this.app.elsewhere);
      const cell = (value, label) => h("div", null, h("b", null, value), pair(label));
      return section(
        h("h3", null, pair(["直线圆与步行圈", "Compass circle and walking circle"])),
        h(
          "div",
          { class: "compare" },
          cell(`${circle.toFixed(2)} km²`, [
            `直线圆 ${words.count(radius)} 米`,
            `compass, ${words.count(radius)} m`,
          ]),
          cell(`${item.area.toFixed(2)} km²`, [
            `步行 ${outer} 分钟（${words.percent(item.area, circle)}）`,
            `${outer} min walk (${words.percent(item.area, circle)})`,
          ]),
          cell(words.count(inside), ["直线圆内职工", "workers in circle"]),
          cell(words.count(item.workers), ["步行能到", "who can walk it"]),
        ),
        h("p", { class: "zh", lang: "zh" }, zh),
        h("p", { class: "en", lang: "en" }, en),
      );
    }

    buttons(item, state) {
      return section(
        item.circle &&
          h(
            "button",
            {
              type: "button",
              class: "button",
              "data-key": "compass",
              "aria-pressed": String(state.compass),
              on: { click: () => this.app.compare(!state.compass) },
            },
            brief(["对比直线圆", "Compare with compass circle"]),
          ),
        h(
          "button",
          {
            type: "button",
            class: "button",
            "data-key": "copy",
            "aria-expanded": String(state.copying),
            on: { click: () => this.app.set({ copying: !state.copying }) },
          },
          brief(["复制坐标", "Copy coordinates"]),
        ),
        state.copying && h("div", { class: "copies" }, copies(item)),
      );
    }
  }

  /** One button per coordinate system; the text can be marked by hand as well. */
  function copies(item) {
    const systems = [["WGS-84", item.at], item.gcj && ["GCJ-02", item.gcj]].filter(Boolean);
    return systems.map(([system, [latitude, longitude]]) => {
      const text = `${longitude.toFixed(5)},${latitude.toFixed(5)}`;
      const done = h("small", { role: "status" });
      return h(
        "div",
        null,
        h(
          "button",
          {
            type: "button",
            class: "button",
            "data-key": system,
            on: { click: () => copy(text, done) },
          },
          system,
        ),
        h("span", { class: "coordinates" }, text),
        done,
      );
    });
  }

  async function copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      done.textContent = SC.say(["已复制", "copied"]);
    } catch {
      done.textContent = SC.say(["请手动复制", "please copy by hand"]);
    }
  }

  function reason(site) {
    if (!site.reason) return null;
    return [
      h("p", { class: "zh", lang: "zh" }, site.reason[0]),
      h("p", { class: "en", lang: "en" }, site.reason[1]),
    ];
  }

  SC.Card = Card;
})((globalThis.ServiceCircle ??= {}));
