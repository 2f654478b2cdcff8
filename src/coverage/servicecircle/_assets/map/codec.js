// Columns and coded lines of the page's data → plain arrays.
"use strict";
(function (SC) {
  /** Google polyline, 5 decimals → [[latitude, longitude], …]. */
  function decodeLine(text) {
    const points = [];
    let index = 0;
    let latitude = 0;
    let longitude = 0;
    const next = () => {
      let shift = 0;
      let value = 0;
      let chunk;
      do {
        chunk = text.charCodeAt(index++) - 63;
        value |= (chunk & 31) << shift;
        shift += 5;
      } while (chunk >= 32);
      return value & 1 ? ~(value >> 1) : value >> 1;
    };
    while (index < text.length) {
      latitude += next();
      longitude += next();
      points.push([latitude / 1e5, longitude / 1e5]);
    }
    return points;
  }

  /** [[outer ring, hole, …], …] of coded rings → the same of points. */
  const decodePolygons = (polygons) => polygons.map((rings) => rings.map(decodeLine));

  /** One digit per place → array of numbers. */
  const digits = (text) => Array.from(text, Number);

  function decodeDemand(demand) {
    return {
      at: decodeLine(demand.at),
      workers: demand.workers,
      group: demand.group,
      district: demand.district,
      today: digits(demand.today),
      plan: digits(demand.plan),
      site: demand.site,
    };
  }

  /** Signs with their run length before them → an array of signs: see `minutes_grid`. */
  function decodeRuns(text) {
    const signs = [];
    for (const [, length, sign] of text.matchAll(/(\d*)([A-Za-z.~])/g))
      for (let left = Number(length) || 1; left > 0; left--) signs.push(sign);
    return signs;
  }

  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

  /** Grid of minutes → (latitude, longitude) → { today, plan }: whole minutes or null. */
  function decodeWalk(walk) {
    const minutes = (sign) => (sign === "." ? null : LETTERS.indexOf(sign));
    const today = decodeRuns(walk.today);
    const plan = walk.plan === undefined ? null : decodeRuns(walk.plan);
    return (latitude, longitude) => {
      const column = Math.floor((longitude - walk.west) / walk.wide);
      const row = Math.floor((latitude - walk.south) / walk.high);
      if (column < 0 || row < 0 || column >= walk.columns || row >= walk.rows)
        return { today: null, plan: null };
      const cell = row * walk.columns + column;
      const sign = plan?.[cell] ?? "~";
      return {
        today: minutes(today[cell]),
        plan: minutes(sign === "~" ? today[cell] : sign),
      };
    };
  }

  SC.codec = { decodeLine, decodePolygons, decodeDemand, decodeRuns, decodeWalk };
})((globalThis.ServiceCircle ??= {}));
