// Sums over places: hexed dots, hot spots, sizes of the legend's circles. No page, no map.
"use strict";
(function (SC) {
  const EARTH = 6378137;
  const RADIANS = Math.PI / 180;
  const HEX_METRES = 360;
  const SPOT_METRES = 900;
  const SPOT_APART = 950;
  const MOST_SPOTS = 10;
  const LARGEST_DOT = 24;
  const LARGEST_IN_LEGEND = 26;

  /** Web-Mercator metres of a place. */
  function project([latitude, longitude]) {
    return [
      EARTH * longitude * RADIANS,
      EARTH * Math.log(Math.tan(Math.PI / 4 + (latitude * RADIANS) / 2)),
    ];
  }

  /** Metres on the ground between two places. */
  function metres(a, b) {
    const latitude = ((b[0] - a[0]) * RADIANS) / 2;
    const longitude = ((b[1] - a[1]) * RADIANS) / 2;
    const square =
      Math.sin(latitude) ** 2 +
      Math.cos(a[0] * RADIANS) * Math.cos(b[0] * RADIANS) * Math.sin(longitude) ** 2;
    return 2 * EARTH * Math.asin(Math.min(1, Math.sqrt(square)));
  }

  function addTo(cell, demand, index) {
    const workers = demand.workers[index];
    cell.workers += workers;
    cell.places += 1;
    cell.latitude += workers * demand.at[index][0];
    cell.longitude += workers * demand.at[index][1];
    const group = demand.group ? demand.group[index] : -1;
    if (group >= 0) cell.groups[group] = (cell.groups[group] || 0) + workers;
    const district = demand.district ? demand.district[index] : -1;
    if (district >= 0) cell.districts[district] = (cell.districts[district] || 0) + workers;
  }

  const newCell = (kind) => ({
    kind,
    workers: 0,
    places: 0,
    latitude: 0,
    longitude: 0,
    groups: [],
    districts: [],
  });

  /** Position of the largest number, or -1. */
  const indexOfMost = (numbers) =>
    numbers.reduce((best, number, index) => (number > (numbers[best] ?? 0) ? index : best), -1);

  function finish(cells) {
    const done = [];
    for (const cell of cells) {
      if (!(cell.workers > 0)) continue;
      cell.at = [cell.latitude / cell.workers, cell.longitude / cell.workers];
      cell.district = indexOfMost(cell.districts);
      done.push(cell);
    }
    return done.sort((a, b) => b.workers - a.workers);
  }

  /** Workers summed in hexagons of 360 m, at their weighted centre, largest first. */
  function hexDots(demand, kindOf) {
    const cells = new Map();
    const latitude = demand.at.length ? demand.at[0][0] : 0;
    const width = HEX_METRES / Math.cos(latitude * RADIANS);
    for (let index = 0; index < demand.at.length; index++) {
      const kind = kindOf(index);
      if (!kind) continue;
      const [x, y] = project(demand.at[index]);
      const row = Math.round(y / (width * 0.866));
      const column = Math.round(x / width - (row & 1) / 2);
      const key = `${row} ${column} ${kind}`;
      if (!cells.has(key)) cells.set(key, newCell(kind));
      addTo(cells.get(key), demand, index);
    }
    return finish(cells.values());
  }

  /** One dot per place, largest first. */
  function singleDots(demand, kindOf) {
    const dots = [];
    for (let index = 0; index < demand.at.length; index++) {
      const kind = kindOf(index);
      if (!kind) continue;
      const cell = newCell(kind);
      addTo(cell, demand, index);
      dots.push(cell);
    }
    return finish(dots);
  }

  /** The best 900 m squares of two offset grids, 950 m apart, at most ten. */
  function hotSpots(demand, isGap) {
    const cells = new Map();
    const latitude = demand.at.length ? demand.at[0][0] : 0;
    const width = SPOT_METRES / Math.cos(latitude * RADIANS);
    for (let index = 0; index < demand.at.length; index++) {
      if (!isGap(index)) continue;
      const [x, y] = project(demand.at[index]);
      for (const offset of [0, 0.5]) {
        const key = `${offset} ${Math.floor(x / width + offset)} ${Math.floor(y / width + offset)}`;
        if (!cells.has(key)) cells.set(key, newCell("gap"));
        addTo(cells.get(key), demand, index);
      }
    }
    const chosen = [];
    for (const cell of finish(cells.values())) {
      if (chosen.length >= MOST_SPOTS) break;
      if (chosen.every((other) => metres(other.at, cell.at) > SPOT_APART)) chosen.push(cell);
    }
    return chosen;
  }

  /** The name given nearest to a place, if one is within 600 m. */
  function nearestName(near, at) {
    let best = { name: "", away: 600 };
    for (const { name, at: other } of near) {
      const away = metres(at, other);
      if (away < best.away) best = { name, away };
    }
    return best.name;
  }

  /** Radius of a dot in pixels. */
  function dotRadius(workers, zoom, scale = 1) {
    const grown = 1.3 ** (Math.min(zoom, 16) - 13);
    return Math.max(1.6, 0.46 * scale * Math.sqrt(workers) * grown);
  }

  /** Makes all dots smaller where the largest would hide the map: 24 px at zoom 13. */
  const dotScale = (most) => Math.min(1, LARGEST_DOT / (0.46 * Math.sqrt(Math.max(most, 1))));

  /** Largest of 1-2-5·10ⁿ not above a number. */
  function niceBelow(number) {
    if (!(number > 0)) return 0;
    const power = 10 ** Math.floor(Math.log10(number));
    return [5, 2, 1].find((step) => step * power <= number * (1 + 1e-9)) * power;
  }

  /** Workers of the legend's three nested circles, largest first, none above 26 px. */
  function legendSizes(most, zoom = 13, scale = 1) {
    const room = (LARGEST_IN_LEGEND / dotRadius(1e8, zoom, scale)) ** 2 * 1e8;
    const top = niceBelow(Math.min(most, room));
    const sizes = [top, niceBelow(top / 4), niceBelow(top / 20)].filter((size) => size >= 1);
    return [...new Set(sizes)];
  }

  /** Does a ring of [latitude, longitude] hold a place? */
  function insideRing([latitude, longitude], ring) {
    let inside = false;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [a, b] = [ring[i], ring[j]];
      if (a[0] > latitude === b[0] > latitude) continue;
      if (longitude < ((b[1] - a[1]) * (latitude - a[0])) / (b[0] - a[0]) + a[1]) inside = !inside;
    }
    return inside;
  }

  const insidePolygons = (place, polygons) =>
    polygons.some(
      ([outer, ...holes]) =>
        insideRing(place, outer) && !holes.some((hole) => insideRing(place, hole)),
    );

  /** Workers within a straight-line distance of a place. */
  function workersWithin(demand, place, radius, group = -1) {
    let workers = 0;
    for (let index = 0; index < demand.at.length; index++) {
      if (group >= 0 && demand.group[index] !== group) continue;
      if (metres(place, demand.at[index]) <= radius) workers += demand.workers[index];
    }
    return workers;
  }

  SC.sums = {
    hexDots,
    singleDots,
    hotSpots,
    nearestName,
    dotRadius,
    dotScale,
    niceBelow,
    legendSizes,
    insidePolygons,
    workersWithin,
    metres,
  };
})((globalThis.ServiceCircle ??= {}));
