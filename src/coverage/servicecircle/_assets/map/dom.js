// Elements from names and text. Text always enters as a text node: never as HTML.
"use strict";
(function (SC) {
  const SVG = "http://www.w3.org/2000/svg";

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "on") {
        for (const [event, listener] of Object.entries(value)) {
          element.addEventListener(event, listener);
        }
      } else if (name === "style") {
        for (const [property, setting] of Object.entries(value)) {
          element.style.setProperty(property, setting);
        }
      } else {
        element.setAttribute(name, value === true ? "" : String(value));
      }
    }
    for (const child of children.flat(Infinity)) {
      if (child === null || child === undefined || child === false) continue;
      element.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return element;
  }

  const h = (tag, attributes, ...children) =>
    fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes, ...children) =>
    fill(document.createElementNS(SVG, tag), attributes, children);

  /** Both languages; the style sheet shows the one that is asked for. Once, if they are alike. */
  const both =
    (shown, between) =>
    ([zh, en]) =>
      zh === en
        ? [name(zh)]
        : [
            h("span", { class: "zh", lang: "zh" }, zh),
            between,
            h("span", { class: shown, lang: "en" }, en),
          ];
  const pair = both("en", " ");

  /** Both languages, but only Chinese where both are shown: for lists and details. */
  const brief = both("en brief", null);

  /** Text of a table, shown as given, whatever its direction. */
  const name = (text) => h("bdi", null, text);

  /** A pair, or one text that serves both languages. */
  const given = (text) => (text[1] ? pair(text) : name(text[0]));

  SC.dom = { h, svg, pair, brief, name, given };
})((globalThis.ServiceCircle ??= {}));
