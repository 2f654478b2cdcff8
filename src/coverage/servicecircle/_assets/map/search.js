// Search by id, name or kind: a combobox whose result opens the card.
"use strict";
(function (SC) {
  const { h, svg, name } = SC.dom;
  const MOST = 8;
  const KINDS = {
    site: ["建议新站点", "Suggested site"],
    station: ["现有站点", "Station"],
    candidate: ["候选点", "Candidate"],
  };

  const folded = (text) => String(text).normalize("NFKC").toLowerCase();

  /** Places whose id, name or kind holds the words; ids and beginnings first. */
  function findPlaces(data, query) {
    const wanted = folded(query).trim().split(/\s+/).filter(Boolean);
    if (!wanted.length) return [];
    const found = [];
    for (const [type, list] of [
      ["site", data.sites],
      ["station", data.stations],
      ["candidate", data.candidates],
    ]) {
      list.forEach((place, index) => {
        if (type === "candidate" && place.site) return;
        const text = folded([place.id, place.name, ...(place.kind || [])].join(" "));
        if (!wanted.every((word) => text.includes(word))) return;
        const first = folded(place.id) === wanted[0] || folded(place.name).startsWith(wanted[0]);
        found.push({ type, index, place, first });
      });
    }
    return found.sort((a, b) => Number(b.first) - Number(a.first)).slice(0, MOST);
  }

  class Search {
    constructor(root, data, app) {
      this.data = data;
      this.app = app;
      this.results = [];
      this.active = -1;
      this.input = h("input", {
        type: "search",
        role: "combobox",
        "aria-autocomplete": "list",
        "aria-controls": "results",
        "aria-expanded": "false",
        autocomplete: "off",
        spellcheck: "false",
        on: {
          input: () => this.find(),
          keydown: (event) => this.key(event),
          blur: () => setTimeout(() => this.close(), 200),
          focus: () => this.find(),
        },
      });
      this.list = h("ul", { id: "results", role: "listbox", hidden: true });
      const glass = svg(
        "svg",
        { viewBox: "0 0 18 18", "aria-hidden": "true" },
        svg("path", { d: "M8 3a5 5 0 1 0 0 10a5 5 0 0 0 0-10M12 12l4 4" }),
      );
      root.append(glass, this.input, this.list);
    }

    show() {
      const label = SC.say(["搜索站点、候选点", "Search places"]);
      this.input.setAttribute(
        "placeholder",
        document.documentElement.dataset.lang === "both" ? "搜索 Search" : label,
      );
      this.input.setAttribute("aria-label", label);
    }

    find() {
      this.results = findPlaces(this.data, this.input.value);
      this.active = this.results.length ? 0 : -1;
      this.draw();
    }

    draw() {
      this.list.hidden = !this.results.length;
      this.input.setAttribute("aria-expanded", String(!this.list.hidden));
      this.list.replaceChildren(
        ...this.results.map(({ type, place }, index) =>
          h(
            "li",
            {
              id: `result-${index}`,
              role: "option",
              "aria-selected": String(index === this.active),
              on: { mousedown: (event) => event.preventDefault(), click: () => this.choose(index) },
            },
            name(place.name),
            h("small", null, SC.say(KINDS[type], true)),
          ),
        ),
      );
      if (this.active < 0) this.input.removeAttribute("aria-activedescendant");
      else this.input.setAttribute("aria-activedescendant", `result-${this.active}`);
    }

    key(event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && this.results.length) {
        event.preventDefault();
        this.active = (this.active + step + this.results.length) % this.results.length;
        this.draw();
      } else if (event.key === "Enter" && this.active >= 0) {
        event.preventDefault(); // or the same key press would close the card again
        this.choose(this.active);
      } else if (event.key === "Escape" && !this.list.hidden) {
        event.stopPropagation();
        this.close();
      }
    }

    choose(index) {
      const { type, index: position } = this.results[index];
      this.close();
      this.app.pick({ type, index: position }, this.input);
    }

    close() {
      this.results = [];
      this.active = -1;
      this.draw();
    }
  }

  SC.findPlaces = findPlaces;
  SC.Search = Search;
})((globalThis.ServiceCircle ??= {}));
