// Contrast of every text that is shown against whatever may lie behind it (WCAG 2.1, 1.4.3).
// Run in the page: gives the number of texts and those below 4.5 (3 for large ones). Behind a
// text on the map lies any colour of the ground; its white halo is not counted.
() => {
  const GROUND = ["--land", "--void", "--paper", "--t10", "--t15", "--grey10", "--grey15"];
  const HATCH = [
    [252, 228, 196, 1],
    [233, 169, 92, 1],
  ];

  const channels = (text) => {
    const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return [red, green, blue, alpha];
  };
  const over = (colour, back) =>
    [0, 1, 2].map((part) => colour[part] * colour[3] + back[part] * (1 - colour[3]));
  const luminance = (colour) => {
    const [red, green, blue] = colour.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratio = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  const probe = document.body.appendChild(document.createElement("i"));
  const tokens = GROUND.map((name) => {
    probe.style.color = `var(${name})`;
    return channels(getComputedStyle(probe).color);
  });
  probe.remove();

  /** What may lie behind a text: its ancestors' colours, and below them a wall or the map. */
  const behind = (element) => {
    const layers = [];
    let bases = [...tokens, ...HATCH];
    for (let node = element; !node.matches(".leaflet-pane, #stage"); node = node.parentElement) {
      if (node.matches("svg.pin"))
        return [channels(getComputedStyle(node.querySelector("path")).fill)];
      const colour = channels(getComputedStyle(node).backgroundColor);
      if (colour[3] === 1) {
        bases = [colour];
        break;
      }
      if (colour[3] > 0) layers.push(colour);
    }
    return bases.map((base) => layers.reduceRight((back, layer) => over(layer, back), base));
  };

  const shown = (element) =>
    !element.closest("script, style, noscript") &&
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

  const faults = [];
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const said = walker.currentNode.textContent.trim();
    if (!said || !shown(element)) continue;
    texts += 1;
    const style = getComputedStyle(element);
    const colour = channels(element.closest("svg") ? style.fill : style.color);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const worst = Math.min(...behind(element).map((back) => ratio(over(colour, back), back)));
    if (worst < (large ? 3 : 4.5)) faults.push(`${said} ${worst.toFixed(2)} ${style.fontSize}`);
  }
  return { texts, faults };
};
