// The page's data, unpacked: places as rows, figures by group and district.
"use strict";
(function (SC) {
  const FIGURES = ["workers", "todayInner", "today", "planInner", "plan"];

  const figures = (numbers) =>
    Object.fromEntries(FIGURES.map((key, index) => [key, numbers[index]]));

  /** A list; few different values and the number of one of them per row; or one for all. */
  function unpackColumn(column, count) {
    if (Array.isArray(column)) return column;
    const { values, rows: numbers } = column;
    return numbers ? numbers.map((row) => values[row]) : Array(count).fill(values[0]);
  }

  /** Columns of equal length → one object a row; `at` is a coded line of places. */
  function rows(columns) {
    const { at, gcj, ...others } = columns;
    const spots = SC.codec.decodeLine(at);
    const lists = Object.entries(others).map(([name, column]) => [
      name,
      unpackColumn(column, spots.length),
    ]);
    if (gcj) lists.push(["gcj", SC.codec.decodeLine(gcj)]);
    return spots.map((place, index) =>
      Object.fromEntries([["at", place], ...lists.map(([name, list]) => [name, list[index]])]),
    );
  }

  function unpack(data) {
    const all = figures(data.figures.all);
    const figuresOfGroups = data.figures.groups.map(figures);
    const districts = data.districts.map((district) => ({
      ...district,
      figures: district.figures.map(figures),
    }));
    const sites = rows(data.sites);
    const gained = sites.reduce((sum, site) => sum + site.gain, 0);
    const years = data.years?.map(([zh, en]) => [zh, en || zh]);
    const stations = rows(data.stations);
    const closing = stations.some((station) => station.gone);
    let covered = closing ? all.plan - gained : all.today; // what closed is gone before that
    sites.forEach((site, index) => {
      site.order = index + 1;
      site.before = covered;
      covered += site.gain;
      site.after = covered;
    });
    const candidates = rows(data.candidates);
    const lists = { site: sites, station: stations, candidate: candidates };
    return {
      ...data,
      years,
      closing,
      terms: SC.words.termsOf(years),
      sites,
      stations,
      candidates,
      districts,
      demand: SC.codec.decodeDemand(data.demand),
      near: data.near ? rows(data.near) : [],
      walkAt: data.walk ? SC.codec.decodeWalk(data.walk) : null,
      facts: {
        minutes: data.minutes[1],
        stations: stations.filter((station) => !station.closed).length,
        sites: sites.length,
        hasPlan: data.hasPlan,
        infeasible: data.infeasible,
        years,
      },
      sourceFacts: { ...data.source, speed: data.speed, figures: all },
      figuresFor: (group) => (group >= 0 ? figuresOfGroups[group] : all),
      districtFigures: (index, group) => districts[index].figures[group + 1],
      gainOf: (site, group) => (group >= 0 ? site.groups[group] : site.gain),
      find: ({ type, index }) => lists[type][index],
    };
  }

  SC.unpack = unpack;
})((globalThis.ServiceCircle ??= {}));
