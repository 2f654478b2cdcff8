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

  /** +12 or −12: with the sign that is written, not the one that is typed. */
  const signed = (number) => (number < 0 ? `−${count(-number)}` : `+${count(number)}`);

  const PLAN = {
    today: ["现状", "Today"],
    plan: ["方案", "Plan"],
    covered: ["现已覆盖", "covered"],
    added: ["方案新增", "added"],
    order: ["开设次序", "Order"],
    site: ["建议新站点（开设次序）", "Suggested site, in order"],
    areaAdded: (minutes) => [`新站点增加的 ${minutes} 分钟范围`, `${minutes} min walk, added`],
    area: (minutes) => [`现有站点步行 ${minutes} 分钟`, `${minutes} min walk, today`],
    opens: (order, sites) => [`第 ${order} 个开设`, `opens ${order} of ${sites}`],
  };

  /** What the two sides of the map are called: today and the plan, or two years. */
  function termsOf(years) {
    if (!years) return PLAN;
    const [[zhA, enA], [zhB, enB]] = years;
    return {
      today: [zhA, enA],
      plan: [zhB, enB],
      covered: [`${zhA}已覆盖`, `covered, ${enA}`],
      added: ["增减", "change"],
      order: ["新开站点", "Opened"],
      site: [`新开站点（${zhA}至${zhB}）`, `Opened, ${enA} to ${enB}`],
      areaAdded: (minutes) => [
        `${zhB}增加的 ${minutes} 分钟范围`,
        `${minutes} min walk, added by ${enB}`,
      ],
      area: (minutes) => [`${zhA}步行 ${minutes} 分钟`, `${minutes} min walk, ${enA}`],
      opens: () => [`${zhA}至${zhB}新开`, `opened, ${enA} to ${enB}`],
    };
  }

  /** Two years: how coverage moved. */
  function headlineOfYears({ minutes, figures, years }, lead) {
    const [[zhA, enA], [zhB, enB]] = years;
    const before = percent(figures.today, figures.workers);
    const after = percent(figures.plan, figures.workers);
    const way =
      figures.plan > figures.today
        ? ["升至", "rose"]
        : figures.plan < figures.today
          ? ["降至", "fell"]
          : ["仍为", "stayed"];
    return [
      [`${lead[0]}${zhA}至${zhB}，${minutes} 分钟覆盖率由 ${before} ${way[0]} `, strong(after)],
      [
        `${lead[1]}${minutes}-minute coverage ${way[1]} from ${before} (${enA}) to `,
        strong(after),
        ` (${enB})`,
      ],
    ];
  }

  /** The finding, as parts: text and { strong }. */
  function headline(facts) {
    const { minutes, figures, stations, sites, view, group } = facts;
    const { workers, today, plan } = figures;
    const then = facts.years && view === "today" ? facts.years[0] : null;
    const leads = [then, group].filter(Boolean);
    const lead = [
      leads.map(([zh]) => `${zh}：`).join(""),
      leads.map(([, en]) => `${en}: `).join(""),
    ];
    if (!(workers > 0)) return withoutWorkers(facts);
    if (facts.years && view !== "today") return headlineOfYears(facts, lead);
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
    const { data, candidates, candidatesAll } = facts;
    const some =
      candidates < candidatesAll
        ? [
            `概览：只画出 ${count(candidatesAll)} 个候选点中的 ${count(candidates)} 个。`,
            ` Overview: ${count(candidates)} of ${count(candidatesAll)} candidates are drawn.`,
          ]
        : ["", ""];
    const from = data ? [`职工数据：${data}。`, ` Workers: ${data}.`] : ["", ""];
    return [zh + some[0] + from[0], en + some[1] + from[1]];
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
  function walkSentences({ today, plan }, most, hasPlan, terms = PLAN) {
    const said = (minutes) => [
      minutes === null ? `${most} 分钟内没有站点` : `步行约 ${minutes} 分钟到最近的站点`,
      minutes === null
        ? `no station within ${most} minutes' walk`
        : `about ${minutes} min walk to the nearest station`,
    ];
    const now = said(today);
    const lines = [[`${terms.today[0]}：${now[0]}`, `${terms.today[1]}: ${now[1]}`]];
    if (!hasPlan) return lines;
    const then = said(plan);
    return [...lines, [`${terms.plan[0]}：${then[0]}`, `${terms.plan[1]}: ${then[1]}`]];
  }

  /** What the compass circle gets wrong; some of them another station reaches. */
  function compassSentence(circle, walk, elsewhere = 0) {
    const extra = Math.max(0, circle - walk);
    const share = percent(extra, circle);
    const other = Math.min(elsewhere, extra);
    return [
      `直线圆会多算 ${count(extra)} 人（${share}）：隔江、绕行或没有路。` +
        (other > 0 ? `其中 ${count(other)} 人能走到别的站点。` : ""),
      `The compass circle counts ${count(extra)} workers too many (${share}): across water, a long way round, or no street.` +
        (other > 0 ? ` ${count(other)} of them can walk to another station.` : ""),
    ];
  }

  SC.words = {
    count,
    signed,
    termsOf,
    percent,
    points,
    headline,
    innerLine,
    source,
    compassSentence,
    walkSentences,
  };
})((globalThis.ServiceCircle ??= {}));
