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

  SC.codec = { decodeLine, decodePolygons, decodeDemand };
})((globalThis.ServiceCircle ??= {}));
