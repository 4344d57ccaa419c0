// Charts in the browser: an option comes whole or as what changed of it, its colours by name; they
// are looked up here, and again when light becomes dark. Clicks, brushes and drags are told to the
// server as trials and values, never as pixels.

window.charts = {
  known: new Map(), // element id -> { chart, option, emit, ... }

  // Called after each drawing; only the first one of a chart finds something to do. It is done a
  // moment later, because ECharts takes no theme while it draws.
  begin(id, emit) {
    const chart = getElement(id)?.chart;
    if (!chart || charts.known.get(id)?.chart === chart) return;
    for (const [other, { chart }] of charts.known) if (chart.isDisposed()) charts.known.delete(other);
    const it = { chart, emit, option: {}, width: chart.getWidth() };
    charts.known.set(id, it);
    setTimeout(() => chart.isDisposed() || charts.listen(it));
  },

  listen(it) {
    const { chart, emit } = it;
    charts.dress(it);
    chart.on("click", e => charts.clicked(it, e));
    chart.on("datazoom", () => charts.keepZoom(it));
    chart.on("axisareaselected", () => charts.brushed(it));
    new ResizeObserver(() => charts.resized(it)).observe(chart.getDom());
    charts.dragging(it);
    emit({ kind: "ready", width: it.width });
  },

  // ------------------------------------------------------------------ drawing

  // How: "whole" begins anew. Otherwise what is not in `option` stays: zoom, brush, other series;
  // but "replace" takes away the series that it does not name.
  show(id, option, how) {
    const it = charts.known.get(id);
    if (!it || it.chart.isDisposed()) return;
    if (how === "whole") it.option = option;
    else charts.merge(it.option, option, how);
    const replaceMerge = how === "replace" ? ["series"] : undefined;
    const notMerge = how === "whole";
    it.chart.setOption(charts.resolved(option), { notMerge, replaceMerge, lazyUpdate: !notMerge });
  },

  merge(into, option, how) {
    const before = new Map((into.series || []).map(one => [one.id, one]));
    for (const one of option.series || []) before.set(one.id, { ...before.get(one.id), ...one });
    const named = new Set((option.series || []).map(one => one.id));
    const left = [...before.values()].filter(one => how !== "replace" || named.has(one.id));
    Object.assign(into, option, { series: left });
  },

  resolved(value) {
    const style = getComputedStyle(document.body), found = {};
    const colour = name => found[name] ??= style.getPropertyValue(name).trim();
    const walk = value => {
      if (typeof value === "string")
        return value.startsWith("var(") ? colour(value.slice(4, -1)) : value;
      if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(walk);
      if (value === null || typeof value !== "object") return value;
      const copy = {};
      for (const [name, part] of Object.entries(value))
        copy[name] = name === "data" && Array.isArray(part?.[0]) ? part : walk(part);
      return copy;
    };
    return walk(value);
  },

  // ------------------------------------------------------------------ light and dark

  theme() {
    const [text, dim, line, surface] = charts.resolved(
      ["text", "dim", "line", "surface"].map(name => `var(--tmq-${name})`));
    const axis = {
      axisLine: { lineStyle: { color: line } }, axisTick: { lineStyle: { color: line } },
      axisLabel: { color: dim }, nameTextStyle: { color: dim },
      splitLine: { lineStyle: { color: line, opacity: .6 } }, minorSplitLine: { show: false },
    };
    const numbers = { ...axis, axisLabel: { color: dim, formatter: charts.figure } };
    const font = getComputedStyle(document.body).fontFamily;
    const handle = { borderColor: dim, color: surface };
    return {
      backgroundColor: "transparent",
      textStyle: { color: text, fontFamily: font },
      title: { textStyle: { color: text }, subtextStyle: { color: dim } },
      legend: { textStyle: { color: dim }, inactiveColor: line, pageTextStyle: { color: dim }, pageIconColor: dim, pageIconInactiveColor: line },
      tooltip: { backgroundColor: surface, borderColor: line, textStyle: { color: text, fontSize: 12 }, axisPointer: { lineStyle: { color: dim }, crossStyle: { color: dim } } },
      toolbox: { iconStyle: { borderColor: dim }, emphasis: { iconStyle: { borderColor: text } } },
      dataZoom: { handleStyle: handle, borderColor: line, textStyle: { color: dim } },
      visualMap: { textStyle: { color: dim } },
      parallel: { ...axis, axisLine: { lineStyle: { color: dim } }, nameTextStyle: { color: text } },
      categoryAxis: axis, timeAxis: axis, valueAxis: numbers, logAxis: numbers,
    };
  },

  figure(number) {
    const size = Math.abs(number);
    return size && (size < 1e-3 || size >= 1e6)
      ? number.toExponential().replace("e+", "e") : number.toLocaleString("en", { maximumSignificantDigits: 6 });
  },

  dress(it) {
    const zoom = charts.zoomed(it), areas = charts.areas(it);
    it.chart.setTheme(charts.theme());
    if (it.option.series) it.chart.setOption(charts.resolved(it.option), { notMerge: true });
    if (zoom.length) it.chart.dispatchAction({ type: "dataZoom", batch: zoom }, { silent: true });
    for (const area of areas) it.chart.dispatchAction({ type: "axisAreaSelect", ...area }, { silent: true });
  },

  // ------------------------------------------------------------------ zoom, size

  components(it, mainType) {
    return it.chart.getModel()?.queryComponents({ mainType }) || [];
  },

  zoomed(it) {
    return charts.components(it, "dataZoom").map(model => model.option)
      .filter(zoom => zoom.type === "inside" && (zoom.start > 0 || zoom.end < 100))
      .map(({ id, startValue, endValue }) => ({ dataZoomId: id, startValue, endValue }));
  },

  // A zoom is kept as values: while an axis grows, what is looked at stays where it is.
  keepZoom(it) {
    const batch = charts.zoomed(it);
    if (batch.length) it.chart.dispatchAction({ type: "dataZoom", batch }, { silent: true });
  },

  resized(it) {
    if (it.chart.isDisposed()) return;
    const { clientWidth: width, clientHeight: height } = it.chart.getDom();
    if (width && (it.chart.getWidth() !== width || it.chart.getHeight() !== height)) it.chart.resize();
    if (!width || Math.abs(width - it.width) < 8) return;
    it.width = width;
    it.emit({ kind: "width", width });
  },

  // ------------------------------------------------------------------ what a person does

  trial(e) {
    if (e.data && !Array.isArray(e.data) && "trial" in e.data) return e.data.trial;
    const at = (e.dimensionNames || []).indexOf("trial");
    return at < 0 ? null : (Array.isArray(e.value) ? e.value : e.data)?.[at] ?? null;
  },

  clicked(it, e) {
    const held = e.event?.event;
    const more = !!(held && (held.ctrlKey || held.metaKey || held.shiftKey));
    const trial = charts.trial(e);
    if (trial !== null) it.emit({ kind: "pick", trial: Number(trial), more });
  },

  areas(it) {
    return charts.components(it, "parallelAxis")
      .filter(axis => axis.activeIntervals.length)
      .map(axis => ({ parallelAxisId: axis.id, intervals: axis.activeIntervals.map(one => [...one]) }));
  },

  brushed(it) {
    const areas = charts.areas(it).map(area => ({ axis: area.parallelAxisId, intervals: area.intervals }));
    const now = JSON.stringify(areas);
    if (now === it.areas) return;
    it.areas = now;
    clearTimeout(it.telling);
    it.telling = setTimeout(() => it.emit({ kind: "brush", areas }), 100);
  },

  unbrush(id) {
    const it = charts.known.get(id);
    for (const area of it ? charts.areas(it) : [])
      it.chart.dispatchAction({ type: "axisAreaSelect", ...area, intervals: [] });
  },

  // A series with `id: "handle"` whose mark line stands at an x value can be dragged along the axis.
  dragging(it) {
    const pointer = it.chart.getZr();
    const line = () => it.option.series?.find(one => one.id === "handle")?.markLine;
    const near = e => {
      const at = line()?.data?.[0]?.xAxis;
      return at !== undefined && Math.abs(it.chart.convertToPixel({ xAxisIndex: 0 }, at) - e.offsetX) < 14;
    };
    const tell = () => { it.sent = Date.now(); it.emit({ kind: "drag", value: it.dragged }); };
    const move = e => {
      const { min = 0, max = 1 } = it.option.xAxis;
      it.dragged = Math.min(max, Math.max(min, it.chart.convertFromPixel({ xAxisIndex: 0 }, e.offsetX)));
      line().data[0].xAxis = it.dragged;
      const series = [charts.resolved({ id: "handle", markLine: line() })];
      it.chart.setOption({ series }, { lazyUpdate: true });
      if (Date.now() - (it.sent || 0) > 100) tell();
    };
    pointer.on("mousedown", e => { if (near(e)) { it.held = true; move(e); } });
    pointer.on("mousemove", e => {
      if (it.held) move(e);
      else if (line()) pointer.setCursorStyle(near(e) ? "ew-resize" : "default");
    });
    const end = () => { if (it.held) { it.held = false; tell(); } };
    pointer.on("mouseup", end);
    pointer.on("globalout", end);
  },

  // ------------------------------------------------------------------ export

  save(id, name) {
    const { chart } = charts.known.get(id) || {};
    if (!chart) return;
    const link = document.createElement("a");
    const [surface] = charts.resolved(["var(--tmq-surface)"]);
    link.href = chart.getDataURL({ pixelRatio: 2, backgroundColor: surface, excludeComponents: ["toolbox"] });
    link.download = `${name}.png`;
    link.click();
  },
};

addEventListener("DOMContentLoaded", () => {
  let dark = document.body.classList.contains("body--dark");
  new MutationObserver(() => {
    if (dark === (dark = document.body.classList.contains("body--dark"))) return;
    charts.known.forEach(it => it.chart.isDisposed() || charts.dress(it));
  }).observe(document.body, { attributes: true, attributeFilter: ["class"] });
});
