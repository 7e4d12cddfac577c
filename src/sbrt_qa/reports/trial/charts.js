/* The plots of a trial: sites, time, values, curves, and plans unlike the others. */
(() => {
  const { data, say, byId, make, number } = Trial;
  const plots = data.plots;
  const SIGNS = () => say("● within both limits, ◆ outside 95 %, ■ outside 99.8 %; dashed lines 95 %, dotted lines 99.8 %, solid line all together.");
  const signal = (name) => ({ watch: "◆ " + say("outside 95 %"), alarm: "■ " + say("outside 99.8 %") })[name] ?? "";
  const options = (id, values) => values.forEach(([value, text]) => byId(id).append(new Option(text, value)));
  const percents = { low: 0, high: 100, label: say("per protocol (%)") };
  const absent = (place, text) => place.replaceChildren(make("p", text, "absent"));

  const funnel = (place) => {
    const f = plots.funnel;
    if (!f) return;
    if (f.needed) {
      absent(place, say("A funnel plot compares sites; it needs at least {needed}, and there are {there}.", f));
      return;
    }
    const sites = data.sites.map((s) => ({ ...s, x: s.submissions, y: s.percent }));
    const outside = sites.filter((s) => s.signal).length;
    const plot = new Trial.Plot(
      say("Funnel plot of {sites} sites: part of submissions per protocol against their number. Together {expected} %; {outside} outside the 95 % limits.",
        { sites: sites.length, expected: f.expected, outside }),
      { low: 0, high: f.of[f.of.length - 1], label: say("submissions of a site") }, { ...percents, high: 104, ticks: [0, 20, 40, 60, 80, 100].map((v) => [v, String(v)]) });
    const line = (name, kind) => plot.line(f.of.map((n, i) => [n, f[name][i]]), kind);
    ["low", "high"].forEach((name) => { line(name, "dashed"); line(name + "_alarm", "dotted"); });
    plot.line([[0, f.expected], [f.of[f.of.length - 1], f.expected]], "centre");
    sites.forEach((s) => plot.mark(s.x, s.y, s.signal));
    [...sites].sort((a, b) => (b.signal > "") - (a.signal > "")).forEach((s) => plot.name(s.x, s.y, s.site));
    Trial.draw(place, {
      plot, key: SIGNS(),
      points: [...sites].sort((a, b) => a.x - b.x || a.y - b.y).map((s) => ({ x: s.x, y: s.y, text:
        say("{site}: {passed} of {submissions}, {percent} %; 95 % limits {watch_low_percent} to {watch_high_percent} %", s) + (s.signal ? " · " + signal(s.signal) : "") })),
      heads: [say("site"), say("submissions"), say("per protocol"), "%", say("95 % limits"), say("99.8 % limits"), say("beside the others")],
      rows: () => sites.map((s) => [s.site, s.submissions, s.passed, s.percent, s.watch_low_percent + "–" + s.watch_high_percent,
        s.alarm_low_percent + "–" + s.alarm_high_percent, signal(s.signal)]), right: [1, 2, 3],
    });
  };

  const dated = (points, text) => {
    const every = Math.max(1, Math.ceil(points.length / 5));
    return points.map((p, i) => [i + 1, text(p)]).filter((_, i) => i % every === 0);
  };

  const runs = (place) => {
    const r = plots.runs;
    if (!r) return;
    if (r.needed) {
      absent(place, say("A chart over time needs at least {needed} submissions, and there are {there}.", r));
      return;
    }
    const p = r.points;
    const outside = p.filter((one) => one.signal).length;
    const plot = new Trial.Plot(
      say("Control chart of the part per protocol in {groups} groups of {size} submissions as they came. Together {expected} %; {outside} groups outside the 95 % limits.",
        { groups: p.length, size: p[0].of, expected: r.expected, outside }),
      { low: 0.5, high: p.length + 0.5, label: say("last submission received"), ticks: dated(p, (one) => one.end) },
      { ...percents, high: 104, ticks: [0, 20, 40, 60, 80, 100].map((v) => [v, String(v)]) });
    const steps = (name) => p.flatMap((one, i) => [[i + 0.5, one[name]], [i + 1.5, one[name]]]);
    ["watch_low_percent", "watch_high_percent"].forEach((name) => plot.line(steps(name), "dashed"));
    ["alarm_low_percent", "alarm_high_percent"].forEach((name) => plot.line(steps(name), "dotted"));
    plot.line([[0.5, r.expected], [p.length + 0.5, r.expected]], "centre");
    plot.line(p.map((one, i) => [i + 1, one.percent]), "run");
    p.forEach((one, i) => plot.mark(i + 1, one.percent, one.signal));
    Trial.draw(place, {
      plot, key: SIGNS(),
      points: p.map((one, i) => ({ x: i + 1, y: one.percent, text:
        say("submissions {name}, received {begin} to {end}: {count} of {of}, {percent} %", one) + (one.signal ? " · " + signal(one.signal) : "") })),
      heads: [say("submissions"), say("from"), say("to"), say("per protocol"), "%", say("95 % limits"), say("99.8 % limits"), say("beside the others")],
      rows: () => p.map((one) => [one.name, one.begin, one.end, one.count + " / " + one.of, one.percent,
        one.watch_low_percent + "–" + one.watch_high_percent, one.alarm_low_percent + "–" + one.alarm_high_percent, signal(one.signal)]), right: [4],
    });
  };

  const values = (place) => {
    const v = plots.values.find((one) => one.limit === byId("which-limit").value);
    const rows = v.at.map((at) => data.rows[at]), unit = v.unit && " " + v.unit;
    if (!v.ends) {
      absent(place, say("A chart over time needs at least {needed} values, and there are {there}.", { needed: 2, there: v.values.length }));
      return;
    }
    const [low, centre, high] = v.ends;
    const outside = v.values.map((x) => x < low || x > high);
    const all = [low, high, ...(v.bound === null ? [] : [v.bound])];
    const [least, most] = [v.values.reduce((a, b) => Math.min(a, b), Math.min(...all)), v.values.reduce((a, b) => Math.max(a, b), Math.max(...all))];
    const room = (most - least || 1) * 0.06;
    const names = { name: v.name, n: v.values.length, outside: outside.filter(Boolean).length, centre: number(centre) + unit };
    const plot = new Trial.Plot(
      say("Individuals chart of {name}: {n} values in the order in which they came. Mean {centre}; {outside} beyond three standard deviations.", names),
      { low: 0.5, high: v.values.length + 0.5, label: say("received"), ticks: dated(rows, (row) => row.received.slice(0, 10)) },
      { low: least - room, high: most + room, label: v.name + (v.unit && !v.name.includes("[" + v.unit + "]") ? " (" + v.unit + ")" : "") });
    const across = (y, kind) => plot.line([[0.5, y], [v.values.length + 0.5, y]], kind);
    across(low, "dotted"); across(high, "dotted"); across(centre, "centre");
    if (v.bound !== null) {
      across(v.bound, "bound");
      plot.text(0.5 + v.values.length * 0.01, v.bound, [say("limit"), { "<=": "≤", ">=": "≥" }[v.op] ?? v.op, v.bound].join(" "), 5);
    }
    plot.line(v.values.map((y, i) => [i + 1, y]), "run faint");
    plot.dots(v.values.flatMap((y, i) => (outside[i] ? [] : [[i + 1, y]])));
    v.values.forEach((y, i) => { if (outside[i]) plot.mark(i + 1, y, "alarm"); });
    const few = v.values.length < 20 ? " " + say("Limits of fewer than 20 values are preliminary.") : "";
    Trial.draw(place, {
      plot, key: say("● within, ■ beyond three standard deviations (from the mean moving range; dotted lines); long dashes the protocol's limit.") + few,
      points: v.values.map((y, i) => ({ x: i + 1, y, code: rows[i].code, text:
        [rows[i].code, rows[i].received.slice(0, 10), number(y) + unit, ...(outside[i] ? [say("beyond three standard deviations")] : [])].join(" · ") })),
      heads: [say("submission"), say("received"), v.name, say("beside the others")],
      rows: () => v.values.map((y, i) => [Trial.chooser(rows[i].code), rows[i].received.slice(0, 10), number(y) + unit, outside[i] ? "■ " + say("outside") : ""]), right: [2],
    });
  };

  const inflated = async (text) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
  /* The curve of one plan, in percent: differences, modulo 256, of half percents. */
  const curve = async (b, which) => {
    b.bytes ??= await inflated(b.curves);
    const found = [];
    let sum = 0;
    for (let i = 0; i < b.count; i++) {
      sum = (sum + b.bytes[which * b.count + i]) & 255;
      found.push([i * b.step, sum / 2]);
    }
    return found;
  };

  const bands = async (place) => {
    const b = plots.bands.find((one) => one.structure === byId("which-structure").value);
    const which = b.names.indexOf(byId("which-plan").value);
    const own = which >= 0 ? await curve(b, which) : [];
    const median = b.quantiles["50"], dose = median.map((_, i) => i * b.step);
    const name = which >= 0 ? b.names[which] : "";
    const ends = [["5", "95"], ["25", "75"]].filter(([low]) => b.quantiles[low]);
    const plot = new Trial.Plot(
      say("Dose-volume histograms of {structure} in {plans} plans: median and bands over dose.", b) + (name ? " " + say("{name} lies over them.", { name }) : ""),
      { low: 0, high: dose[dose.length - 1], label: say("dose (Gy)") },
      { low: 0, high: 100, label: say("volume (%)") });
    ends.forEach(([low, high]) => plot.band(dose, b.quantiles[low], b.quantiles[high], "p" + low));
    plot.line(median.map((y, i) => [dose[i], y]), "median");
    plot.line(own, "own");
    const told = (i) => [number(dose[i]) + " Gy", say("median") + " " + number(median[i], 3) + " %",
      ...ends.map(([low, high]) => say("{part} % band {low} to {high} %", { part: high - low, low: number(b.quantiles[low][i], 3), high: number(b.quantiles[high][i], 3) })),
      ...(name && own[i] ? [name + " " + own[i][1] + " %"] : [])];
    const signs = [...(b.quantiles["25"] ? [say("Dark: middle 50 %.")] : []), ...(b.quantiles["5"] ? [say("Light, dotted edge: middle 90 %.")] : []),
      ...(name ? [say("Dashed: {name}, to half a percent.", { name })] : [])];
    const missing = [...(b.plans < 4 ? [say("A 50 % band needs 4 plans.")] : []), ...(b.plans < 20 ? [say("A 90 % band needs 20 plans.")] : [])];
    Trial.draw(place, {
      plot,
      key: [say("{plans} plans, the last submission of each subject. Line: median.", b), ...signs, ...missing].join(" "),
      points: median.map((y, i) => ({ x: dose[i], y, line: true, text: told(i).join(" · ") })),
      heads: [say("dose (Gy)"), say("median"), ...ends.map(([low, high]) => say("{part} % band", { part: high - low })), ...(name ? [name] : [])],
      rows: () => dose.map((d, i) => [number(d), number(median[i], 3),
        ...ends.map(([low, high]) => number(b.quantiles[low][i], 3) + "–" + number(b.quantiles[high][i], 3)), ...(name ? [own[i] ? own[i][1] : ""] : [])]),
      right: [0, 1, 2, 3, 4],
    });
  };

  const outliers = (place) => {
    const rows = data.outliers, all = (plots.values ?? []).length;
    const silent = (plots.values ?? []).filter((v) => v.silent).map((v) => v.limit);
    const about = silent.length ? say("Nothing can be said of {limits}: fewer than 8 values, or most of them the same.", { limits: silent.join(", ") }) : "";
    if (!rows.length) {
      const none = say("No value lies farther from the median than 3.5 robust standard deviations.");
      absent(place, [...(silent.length < all || !all ? [none] : []), about].join(" "));
      return;
    }
    const limits = [...new Set(rows.map((r) => r.limit))];
    const far = Math.max(...rows.map((r) => Math.abs(r.score)), 5) * 1.08;
    const plot = new Trial.Plot(
      say("Outliers: {n} values of {limits} limits, by how many robust standard deviations they lie from the median.", { n: rows.length, limits: limits.length }),
      { low: -far, high: far, label: say("robust standard deviations from the median") },
      { low: -0.5, high: limits.length - 0.5, label: "", ticks: limits.map((_, i) => [i, ""]) });
    plot.band([-3.5, 3.5], [-0.5, -0.5], [limits.length - 0.5, limits.length - 0.5], "p5");
    limits.forEach((l, i) => plot.text(-3.3, i, l, -4));
    rows.forEach((r) => plot.mark(r.score, limits.indexOf(r.limit), "alarm"));
    [...rows].slice(0, 12).forEach((r) => plot.name(r.score, limits.indexOf(r.limit), r.code));
    Trial.draw(place, {
      plot, key: [say("The band holds what is like the others (modified z-score up to 3.5); ■ what is not."), about].join(" "),
      points: rows.map((r) => ({ x: r.score, y: limits.indexOf(r.limit), code: r.code, text:
        say("{code}: {limit} is {value}, median {median}, {score} robust standard deviations away",
          { ...r, value: number(r.value), median: number(r.median), score: r.score.toFixed(1) }) })),
      heads: [say("submission"), say("limit"), say("value"), say("median"), say("robust deviations")],
      rows: () => rows.map((r) => [Trial.chooser(r.code), r.limit, number(r.value), number(r.median), r.score.toFixed(1)]), right: [2, 3, 4],
    });
  };

  funnel(byId("funnel"));
  runs(byId("runs"));
  outliers(byId("unlike"));
  if (plots.values?.length) {
    const worst = new Map(data.limits.map((one, i) => [one.limit, i]));
    const ordered = [...plots.values].sort((a, b) => (worst.get(a.limit) ?? 1e9) - (worst.get(b.limit) ?? 1e9));
    options("which-limit", ordered.map((v) => [v.limit, v.limit + " · " + v.name]));
    byId("which-limit").addEventListener("input", () => values(byId("over-time")));
    values(byId("over-time"));
  } else absent(byId("over-time"), say("No limit has a value yet."));
  if (plots.bands?.length) {
    options("which-structure", plots.bands.map((b) => [b.structure, b.structure]));
    const names = [...new Set(plots.bands.flatMap((b) => b.names))].sort();
    options("which-plan", [["", say("none")], ...names.map((name) => [name, name])]);
    ["which-structure", "which-plan"].forEach((id) => byId(id).addEventListener("input", () => bands(byId("curves"))));
    Trial.chosen((code) => {
      const name = names.find((one) => one === code || one.startsWith(code + " "));
      if (name) { byId("which-plan").value = name; bands(byId("curves")); }
    });
    bands(byId("curves"));
  } else absent(byId("curves"), say("No plan has a histogram yet."));
})();
