// Run with `node --test tests/js`: the parts of the map's script that need no page.
"use strict";
const assert = require("node:assert/strict");
const path = require("node:path");
const test = require("node:test");

const assets = path.join(__dirname, "../../src/coverage/servicecircle/_assets/map");
for (const name of ["codec", "sums", "words", "data", "canvas"])
  require(path.join(assets, `${name}.js`));
const { codec, sums, words, unpack } = globalThis.ServiceCircle;

const demand = (places) => ({
  at: places.map((place) => place.at),
  workers: places.map((place) => place.workers),
  group: places.map((place) => place.group ?? -1),
  district: places.map(() => -1),
});
const flat = (parts) => parts.map((part) => part.strong ?? part).join("");

test("a coded line is the published example of its format", () => {
  assert.deepEqual(codec.decodeLine("_p~iF~ps|U_ulLnnqC_mqNvxq`@"), [
    [38.5, -120.2],
    [40.7, -120.95],
    [43.252, -126.453],
  ]);
});

test("the world's square is that of EPSG:3857", () => {
  const edge = 20037508.342789244;
  for (const [place, metres] of [
    [
      [30.58, 114.3],
      [12723817.7977, 3578323.4338],
    ],
    [
      [-33.87, 151.21],
      [16832620.2029, -4011359.5311],
    ],
    [
      [0, 0],
      [0, 0],
    ],
  ]) {
    const [x, y] = globalThis.ServiceCircle.worldOf(place);
    assert.ok(Math.abs((2 * x - 1) * edge - metres[0]) < 0.001);
    assert.ok(Math.abs((1 - 2 * y) * edge - metres[1]) < 0.001);
  }
});

test("hexed dots keep every worker and stand at the weighted centre", () => {
  const places = demand([
    { at: [30.58, 114.3], workers: 10, group: 0 },
    { at: [30.58002, 114.30002], workers: 30, group: 1 },
    { at: [30.7, 114.5], workers: 5, group: 0 },
  ]);
  const dots = sums.hexDots(places, () => "gap");
  assert.deepEqual(
    dots.map((dot) => dot.workers),
    [40, 5],
  );
  assert.ok(Math.abs(dots[0].at[0] - 30.580015) < 1e-9);
  assert.deepEqual(dots[0].groups, [10, 30]);
});

test("hot spots lie at least 950 m apart, largest first, ten at most", () => {
  const places = demand(
    Array.from({ length: 400 }, (_, index) => ({
      at: [30.5 + 0.004 * (index % 20), 114.3 + 0.004 * Math.floor(index / 20)],
      workers: 1 + ((index * 37) % 50),
    })),
  );
  const spots = sums.hotSpots(places, () => true);
  assert.equal(spots.length, 10);
  for (const [index, spot] of spots.entries()) {
    assert.ok(index === 0 || spots[index - 1].workers >= spot.workers);
    for (const other of spots.slice(0, index)) assert.ok(sums.metres(spot.at, other.at) > 950);
  }
});

test("a degree of latitude is 111.3 km on the Mercator sphere", () => {
  assert.ok(Math.abs(sums.metres([30, 114], [31, 114]) - 111319.5) < 1);
});

test("legend circles are round numbers", () => {
  assert.deepEqual(sums.legendSizes(730), [500, 100, 20]);
  assert.deepEqual(sums.legendSizes(1000), [1000, 200, 50]);
  assert.deepEqual(sums.legendSizes(3), [2]);
  assert.deepEqual(sums.legendSizes(0), []);
  assert.ok(sums.dotRadius(sums.legendSizes(1e6, 16)[0], 16) <= 26);
});

test("dots are as specified, and smaller only where the largest would hide the map", () => {
  assert.ok(Math.abs(sums.dotRadius(100, 13) - 4.6) < 1e-9);
  assert.equal(sums.dotRadius(0.5, 13), 1.6);
  assert.equal(sums.dotScale(1500), 1);
  assert.ok(Math.abs(sums.dotRadius(40000, 13, sums.dotScale(40000)) - 24) < 1e-9);
});

test("a share is never rounded to all or nothing", () => {
  assert.equal(words.percent(999, 1000), ">99%");
  assert.equal(words.percent(1, 1000), "<1%");
  assert.equal(words.percent(0, 1000), "0%");
  assert.equal(words.percent(1000, 1000), "100%");
  assert.equal(words.percent(1, 0), "–");
  assert.equal(words.percent(568, 1000, 1), "56.8%");
});

test("the headline is the finding, in both languages", () => {
  const facts = {
    minutes: 15,
    stations: 40,
    sites: 12,
    hasPlan: true,
    view: "plan",
    figures: { workers: 100, today: 51, plan: 81 },
  };
  const [zh, en] = words.headline(facts);
  assert.equal(flat(zh), "新开 12 个站点，15 分钟覆盖率由 51% 升至 81%");
  assert.equal(flat(en), "12 new stations lift 15-minute coverage from 51% to 81%");
  const [group] = words.headline({ ...facts, group: ["产业工人", "Factory workers"] });
  assert.equal(flat(group), "产业工人：新开 12 个站点，15 分钟覆盖率由 51% 升至 81%");
  const [today] = words.headline({ ...facts, view: "today" });
  assert.equal(flat(today), "现有 40 个站点，覆盖 51% 的职工，49 人还没有驿站");
});

test("every empty state has its own headline", () => {
  const facts = {
    minutes: 15,
    stations: 2,
    sites: 0,
    hasPlan: true,
    view: "plan",
    figures: { workers: 10, today: 5, plan: 5 },
  };
  assert.match(flat(words.headline(facts)[1]), /No candidate adds anyone/);
  assert.match(flat(words.headline({ ...facts, infeasible: true })[1]), /no plan/);
  assert.match(flat(words.headline({ ...facts, view: "today", stations: 0 })[1]), /No station yet/);
  const all = { workers: 10, today: 10, plan: 10 };
  assert.match(flat(words.headline({ ...facts, view: "today", figures: all })[1]), /everyone/);
  const none = { workers: 0, today: 0, plan: 0 };
  assert.match(flat(words.headline({ ...facts, figures: none })[1]), /Plan: 0 new stations/);
});

test("points are the difference of the shares that are shown", () => {
  assert.equal(words.points(464, 884, 1000), 42);
  assert.equal(words.points(0, 0, 0), 0);
});

test("a packed column unpacks to its rows and sites run up their gains", () => {
  const places = {
    at: "_p~iF~ps|U_ulLnnqC",
    gain: [7, 3],
    groups: [[7], [3]],
    kind: { values: [null], rows: [0, 0] },
  };
  const none = { at: "" };
  const page = unpack({
    minutes: [10, 15],
    hasPlan: true,
    figures: { all: [20, 4, 5, 9, 15], groups: [[20, 4, 5, 9, 15]] },
    districts: [],
    sites: places,
    stations: none,
    candidates: none,
    demand: { at: "", workers: [], group: [], district: [], today: "", plan: "", site: [] },
    source: {},
  });
  assert.deepEqual(
    page.sites.map((site) => [site.order, site.before, site.after, site.kind]),
    [
      [1, 5, 12, null],
      [2, 12, 15, null],
    ],
  );
  assert.equal(page.gainOf(page.sites[1], 0), 3);
});

test("runs of signs unpack, and a tilde is the minutes of today", () => {
  assert.deepEqual(codec.decodeRuns("3A.12~b").join(""), "AAA.~~~~~~~~~~~~b");
  const walk = { south: 30, west: 114, high: 1, wide: 1, rows: 2, columns: 2 };
  const at = codec.decodeWalk({ ...walk, today: "CF..", plan: "~A.B" });
  assert.deepEqual(at(30.5, 114.5), { today: 2, plan: 2 });
  assert.deepEqual(at(30.5, 115.5), { today: 5, plan: 0 });
  assert.deepEqual(at(31.5, 115.5), { today: null, plan: 1 });
  assert.deepEqual(at(29.5, 115.5), { today: null, plan: null });
});

test("a gap is called after the nearest name within 600 m", () => {
  const near = [
    { name: "far", at: [30.02, 114] },
    { name: "near", at: [30.001, 114] },
  ];
  assert.equal(sums.nearestName(near, [30, 114]), "near");
  assert.equal(sums.nearestName(near, [31, 114]), "");
});

test("two years are told as a rise or a fall, with the years' names", () => {
  const years = [
    ["2024", "2024"],
    ["2025", "2025"],
  ];
  const told = (figures, view) =>
    words.headline({ minutes: 15, figures, stations: 3, sites: 1, view, hasPlan: true, years });
  const rise = told({ workers: 200, today: 100, plan: 150 }, "plan");
  assert.equal(flat(rise[0]), "2024至2025，15 分钟覆盖率由 50% 升至 75%");
  assert.equal(flat(rise[1]), "15-minute coverage rose from 50% (2024) to 75% (2025)");
  const fall = told({ workers: 200, today: 150, plan: 100 }, "change");
  assert.equal(flat(fall[0]), "2024至2025，15 分钟覆盖率由 75% 降至 50%");
  assert.equal(flat(fall[1]), "15-minute coverage fell from 75% (2024) to 50% (2025)");
  const first = told({ workers: 200, today: 100, plan: 150 }, "today");
  assert.ok(flat(first[0]).startsWith("2024：现有 3 个站点，覆盖 50% 的职工"));
  assert.equal(words.signed(-3), "−3");
});

test("the compass circle says how many it adds, and whom of them another station reaches", () => {
  const [zh, en] = words.compassSentence(100, 60, 15);
  assert.match(zh, /多算 40 人（40%）.*其中 15 人能走到别的站点/);
  assert.match(en, /counts 40 workers too many \(40%\).* 15 of them can walk to another station/);
  assert.doesNotMatch(words.compassSentence(100, 60, 0).join(), /别的|another/);
  assert.match(words.compassSentence(100, 90, 15)[1], / 10 of them/); // never more than it adds
});
