"use strict";
// ---- the run's page

const kSvg = "http://www.w3.org/2000/svg";
function svg(tag, attributes, text) {
  const made = document.createElementNS(kSvg, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/// points: [x, y], finite
function plot(title, points) {
  const width = 360, height = 220, left = 52, right = 12, top = 28, bottom = 26;
  const picture = svg("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label":
      `${title}: from ${points[0][1].toPrecision(3)} to ${points[points.length - 1][1].toPrecision(3)} in ${points.length} epochs`});
  const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  const x0 = Math.min(...xs), x1 = Math.max(...xs), y0 = Math.min(0, ...ys), y1 = Math.max(...ys);
  const x = (v) => left + (v - x0) / (x1 - x0 || 1) * (width - left - right);
  const y = (v) => height - bottom - (v - y0) / (y1 - y0 || 1) * (height - top - bottom);
  picture.append(svg("text", {class: "title", x: left, y: 16}, title));
  for (let i = 0; i <= 4; ++i) {
    const value = y0 + (y1 - y0) * i / 4;
    picture.append(svg("line", {class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value)}),
        svg("text", {x: left - 6, y: y(value) + 4, "text-anchor": "end"}, String(Number(value.toPrecision(3)))));
  }
  picture.append(svg("text", {x: left, y: height - 8}, `epoch ${x0}`),
      svg("text", {x: width - right, y: height - 8, "text-anchor": "end"}, String(x1)),
      svg("polyline", {class: "curve", points: points.map((p) => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`).join(" ")}));
  return picture;
}

const kMetrics = ["R@1", "R@5", "R@10", "MedR", "MeanR"];

/// The table of metrics, with intervals where there are any, and chance below it.
function metrics_of(run) {
  const rows = [];
  const {test, ...others} = run.metrics || {};
  for (const [split, metrics] of Object.entries({test, ...others})) {
    for (const [way, name] of [["t2v", "text to video"], ["v2t", "video to text"]]) {
      if (metrics && metrics[way]) rows.push({name: `${split}, ${name}`, ...metrics[way]});
    }
  }
  if (!rows.length) return [nothing("No metrics: the run has no test split.")];
  if (run.chance) rows.push({name: "by chance, text to video", ...run.chance});
  const value = (key) => (row) => {
    if (typeof row[key] !== "number") return "";
    const [low, high] = (row.interval_95 && row.interval_95[key]) || [];
    const interval = typeof low === "number" ? element("small", {textContent: `${low.toFixed(1)} – ${high.toFixed(1)}`}) : "";
    return [row[key].toFixed(1), interval];
  };
  const columns = [["Split", "name"], ...kMetrics.map((key) => [key, value(key), "number"]), ["Queries", "queries", "number"]];
  const shown = [table(rows, columns, "Retrieval metrics")];
  if (rows.some((row) => row.interval_95))
    shown.push(nothing("In small print: 95 % bootstrap interval over the videos. R@K: percentage of queries whose video is among the first K; ranks: lower is better."));
  return shown;
}

/// The options of a config.toml as tables, one for each section.
function options_of(toml) {
  const sections = [];
  for (const line of toml.split("\n").map((one) => one.trim())) {
    const section = line.match(/^\[(.*)\]$/), option = line.match(/^([\w-]+)\s*=\s*(.*)$/);
    if (section) sections.push({name: section[1], options: []});
    else if (option) {
      if (!sections.length) sections.push({name: "", options: []});
      sections[sections.length - 1].options.push({name: option[1], value: option[2].replace(/^"(.*)"$/, "$1")});
    }
  }
  return sections.filter((one) => one.options.length).map(({name, options}) => {
    const list = element("dl", {className: "options"});
    for (const option of options)
      list.append(element("div", {}, element("dt", {textContent: option.name}), element("dd", {textContent: option.value || "–"})));
    return element("section", {}, ...(name ? [element("h4", {textContent: name})] : []), list);
  });
}

async function show_run({steps = ""}) {
  try {
    const run = await ask("api/run");
    $("run-path").textContent = run.path;
    $("run-report").hidden = !run.report;
    $("run-config").textContent = run.config;
    $("run-options").replaceChildren(...options_of(run.config));
    $("run-metrics").replaceChildren(...metrics_of(run));
    const keys = new Set(run.history.flatMap((line) => Object.keys(line)));
    keys.delete("epoch");
    const plots = [];
    for (const key of keys) {
      const points = run.history.map((line) => [line.epoch, line[key]]).filter((p) => p.every(Number.isFinite));
      if (points.length > 1) plots.push(plot(key, points));
    }
    $("run-curves").replaceChildren(...plots);
    $("run-steps").hidden = !run.steps;
    if (run.steps) show_steps(steps);
  } catch (error) {
    $("run-path").textContent = error.message;
  }
}

/// Buttons that play each step of a video at its second.
function steps_of(video) {
  const buttons = video.steps.map((step) => {
    const placed = step.second !== null;
    const found = step.hit === null ? "" : step.hit ? ", found" : ", missed";
    const button = element("button", {type: "button", disabled: !placed || !video.plays,
        className: step.hit === null ? "" : step.hit ? "status-ok" : "status-bad",
        textContent: `${step.name} ${placed ? clock(step.second) : "–"}`,
        title: placed ? `score ${step.score.toFixed(3)}${found}` : "the video is too short for all steps"});
    button.addEventListener("click", () => play(video.plays, step.second));
    return element("li", {}, button);
  });
  return element("section", {}, element("h4", {textContent: video.task ? `${video.video}, task ${video.task}` : video.video}),
      element("ol", {className: "steps"}, ...buttons));
}

async function show_steps(part) {
  fill($("steps-name"), part);
  try {
    const answer = await ask("api/steps", {video: part});
    const shown = answer.videos.length;
    $("steps-status").textContent = `${answer.count} videos${shown < answer.count ? `, the first ${shown} are shown` : ""}.`;
    $("steps-videos").replaceChildren(...answer.videos.map(steps_of));
  } catch (error) {
    $("steps-videos").replaceChildren();
    $("steps-status").textContent = error.message;
  }
}

$("steps-name").addEventListener("input", debounced(() => typed({steps: $("steps-name").value.trim()}), 200));
