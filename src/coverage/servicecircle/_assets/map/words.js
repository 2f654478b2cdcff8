// Every sentence of the map, as a pair [Chinese, English] made from the result's numbers.
"use strict";
(function (SC) {
  const count = (number) =>
    Number(number).toLocaleString("en-US", { maximumFractionDigits: number < 10 ? 1 : 0 });

  /** Whole per cent; never 0% or 100% unless it is. */
  function percent(part, whole, decimals = 0) {
    if (!(whole > 0)) return "–";
    const share = (100 * part) / whole;
    const shown = share.toFixed(decimals);
    const unit = (10 ** -decimals).toFixed(decimals);
    if (Number(shown) >= 100 && part < whole) return `>${(100 - unit).toFixed(decimals)}%`;
    if (Number(shown) <= 0 && part > 0) return `<${unit}%`;
    return `${shown}%`;
  }

  /** Difference of two shares in whole points, from the rounded shares that are shown. */
  const points = (before, after, whole) =>
    whole > 0 ? Math.round((100 * after) / whole) - Math.round((100 * before) / whole) : 0;

  const plural = (number, one, many) => (number === 1 ? one : many);
  const strong = (text) => ({ strong: text });

  /** The finding, as parts: text and { strong }. */
  function headline(facts) {
    const { minutes, figures, stations, sites, view, group } = facts;
    const { workers, today, plan } = figures;
    const lead = group ? [`${group[0]}：`, `${group[1]}: `] : ["", ""];
    if (!(workers > 0)) return withoutWorkers(facts);
    if (view === "today" || !facts.hasPlan) {
      if (stations === 0) {
        return [
          [`${lead[0]}目前没有站点，${count(workers)} 名职工都还没有驿站`],
          [`${lead[1]}No station yet: none of ${count(workers)} workers has one within reach`],
        ];
      }
      if (today >= workers) {
        return [
          [`${lead[0]}现有 ${stations} 个站点，${minutes} 分钟内已`, strong("全部覆盖")],
          [
            `${lead[1]}${stations} ${plural(stations, "station reaches", "stations reach")} `,
            strong("everyone"),
            ` within ${minutes} minutes`,
          ],
        ];
      }
      return [
        [
          `${lead[0]}现有 ${stations} 个站点，覆盖 `,
          strong(percent(today, workers)),
          ` 的职工，${count(workers - today)} 人还没有驿站`,
        ],
        [
          `${lead[1]}${stations} ${plural(stations, "station reaches", "stations reach")} `,
          strong(percent(today, workers)),
          ` of workers; ${count(workers - today)} have none within ${minutes} minutes' walk`,
        ],
      ];
    }
    if (facts.infeasible) {
      return [["这些要求不能同时满足，没有方案"], ["These rules cannot all be met: no plan"]];
    }
    if (sites === 0 || !(plan > today)) {
      return [
        [`${lead[0]}候选点都不能再新增覆盖（${percent(today, workers)}）`],
        [`${lead[1]}No candidate adds anyone (coverage ${percent(today, workers)})`],
      ];
    }
    return [
      [
        `${lead[0]}新开 ${sites} 个站点，${minutes} 分钟覆盖率由 ${percent(today, workers)} 升至 `,
        strong(percent(plan, workers)),
      ],
      [
        `${lead[1]}${sites} new ${plural(sites, "station lifts", "stations lift")} ${minutes}-minute ` +
          `coverage from ${percent(today, workers)} to `,
        strong(percent(plan, workers)),
      ],
    ];
  }

  function withoutWorkers({ stations, sites, view, hasPlan }) {
    if (hasPlan && view !== "today") {
      return [
        [`方案：新开 ${sites} 个站点`],
        [`Plan: ${sites} new ${plural(sites, "station", "stations")}`],
      ];
    }
    return [
      [`现有 ${stations} 个站点的服务圈`],
      [`Service areas of ${stations} ${plural(stations, "station", "stations")}`],
    ];
  }

  /** The line under the bar. */
  function innerLine({ inner, figures, view, hasPlan }) {
    const before = percent(figures.todayInner, figures.workers);
    const after =
      hasPlan && view !== "today" ? ` → ${percent(figures.planInner, figures.workers)}` : "";
    return [`${inner} 分钟覆盖率 ${before}${after}`, `Within ${inner} min: ${before}${after}`];
  }

  /** How the figures were made: under the list. */
  function source(facts) {
    const [zh, en] = walked(facts);
    const { data, closedCounted, candidates, candidatesAll } = facts;
    const some =
      candidates < candidatesAll
        ? [
            `概览：只画出 ${count(candidatesAll)} 个候选点中的 ${count(candidates)} 个。`,
            ` Overview: ${count(candidates)} of ${count(candidatesAll)} candidates are drawn.`,
          ]
        : ["", ""];
    const closed =
      closedCounted > 0
        ? [
            `有 ${closedCounted} 个已关闭站点仍计入覆盖。`,
            ` ${closedCounted} closed ${plural(closedCounted, "station is", "stations are")} still counted.`,
          ]
        : ["", ""];
    const from = data ? [`职工数据：${data}。`, ` Workers: ${data}.`] : ["", ""];
    return [zh + closed[0] + some[0] + from[0], en + closed[1] + some[1] + from[1]];
  }

  function walked({ speed, figures, places, unsnapped, unsnappedWorkers, maxAccess }) {
    if (!(places > 0)) {
      return [
        `步行 ${speed} km/h，沿街道计算；未提供职工数据。`,
        `Walking ${speed} km/h along streets; no workers given.`,
      ];
    }
    const far =
      unsnapped > 0
        ? [
            `其中 ${count(unsnappedWorkers)} 人（${count(unsnapped)} 处）距街道超过 ${maxAccess} 米，计为未覆盖。`,
            ` ${count(unsnappedWorkers)} of them (${count(unsnapped)} ${plural(unsnapped, "place", "places")}) are more than ${maxAccess} m from a street and count as not covered.`,
          ]
        : ["", ""];
    return [
      `步行 ${speed} km/h，沿街道计算；职工 ${count(figures.workers)} 人（${count(places)} 处）。${far[0]}`,
      `Walking ${speed} km/h along streets; ${count(figures.workers)} workers at ${count(places)} ${plural(places, "place", "places")}.${far[1]}`,
    ];
  }

  /** Minutes from a place that was clicked to the nearest station. */
  function walkSentences({ today, plan }, most, hasPlan) {
    const said = (minutes) => [
      minutes === null ? `${most} 分钟内没有站点` : `步行约 ${minutes} 分钟到最近的站点`,
      minutes === null
        ? `no station within ${most} minutes' walk`
        : `about ${minutes} min walk to the nearest station`,
    ];
    const now = said(today);
    const lines = [[`现状：${now[0]}`, `Today: ${now[1]}`]];
    if (!hasPlan) return lines;
    const then = said(plan);
    return [...lines, [`方案：${then[0]}`, `Plan: ${then[1]}`]];
  }

  /** What the compass circle gets wrong. */
  function compassSentence(circle, walk) {
    const extra = Math.max(0, circle - walk);
    const share = percent(extra, circle);
    return [
      `直线圆会多算 ${count(extra)} 人（${share}）：隔江、绕行或没有路。`,
      `The compass circle counts ${count(extra)} workers too many (${share}): across water, a long way round, or no street.`,
    ];
  }

  SC.words = { count, percent, points, headline, innerLine, source, compassSentence, walkSentences };
})((globalThis.ServiceCircle ??= {}));
