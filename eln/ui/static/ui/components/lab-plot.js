// <lab-plot data-source="/json/url">: draws columns as strips, one per unit, that share their x axis.
//
// JSON: {"x": {"label", "unit", "values": [...], "time": bool (epoch s)},
//        "series": [{"label", "unit", "values": [...], "x": [...] (own positions, optional), "shown": bool}],
//        "marks": [{"x", "end", "label", "kind"}], "log": bool (absent: chosen by the spread of the values)}
// Methods: show(payload), append(payload) for live data, mark(marks), `span` seconds kept when live, `paused`.
import uPlot from "../../vendor/uPlot.esm.js";
import { Columns } from "./plot-columns.js";
import { drawMarks } from "./plot-marks.js";

const SHOWN_AT_FIRST = 6;
const COLOURS = 8;
// uPlot's ticks of a time axis, in 24 hours: [step s, label, at a new year, month, day, hour, minute, second, mode]
const DAY = "\n{YYYY}-{MM}-{DD}";
const CLOCK = [
  [31536000, "{YYYY}", null, null, null, null, null, null, 1],
  [2419200, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
  [86400, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", DAY, null, DAY, null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", DAY, null, DAY, null, null, null, 1],
  [0.001, "{ss}.{fff}", DAY, null, DAY, null, "\n{HH}:{mm}", null, 1],
];

function text(name) {
  return document.getElementById("ui-text")?.dataset[name] ?? "";
}

function element(tag, className, content = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = content;
  return made;
}

export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(3).replace("e", "×10^");
  return String(Number(value.toPrecision(6)));
}

class LabPlot extends HTMLElement {
  #strips = [];
  #columns = new Columns();
  #frame = 0;
  paused = false;
  span = 0;

  connectedCallback() {
    if (this.plot) return;
    this.fallback = [...this.childNodes];
    this.plot = element("div", "plot");
    this.replaceChildren(this.plot);
    this.#build();
    this.resize = new ResizeObserver(() => this.#fit());
    this.resize.observe(this);
    this.theme = new MutationObserver(() => this.#redraw());
    this.theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.onscheme = () => this.#redraw();
    this.scheme.addEventListener("change", this.onscheme);
    if (this.dataset.source) this.load();
  }

  disconnectedCallback() {
    this.resize?.disconnect();
    this.theme?.disconnect();
    this.scheme?.removeEventListener("change", this.onscheme);
    for (const strip of this.#strips) strip.chart.destroy();
    this.#strips = [];
    this.plot = null;
  }

  async load() {
    this.#state(element("p", "loading", text("loading")));
    try {
      const answer = await fetch(this.dataset.source, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      this.show(await answer.json());
    } catch (error) {
      const notice = element("div", "notice notice--bad cluster", `${text("failed")} (${error.message})`);
      const again = element("button", "button button--small", text("again"));
      again.addEventListener("click", () => this.load());
      notice.append(again);
      this.#state(notice);
    }
  }

  show(payload) {
    this.#columns = new Columns(payload);
    this.logs = payload.log;
    const chosen = this.#columns.series.filter((series) => series.shown);
    if (!chosen.length) this.#columns.series.slice(0, SHOWN_AT_FIRST).forEach((series) => { series.shown = true; });
    this.#keys();
    this.#redraw();
  }

  append(payload) {
    const known = this.#columns.series.length;
    this.#columns.append(payload, this.span);
    if (this.#columns.series.length !== known) this.#keys();
    if (!this.paused) this.#later();
  }

  mark(marks) {
    this.#columns.mark(marks);
    if (!this.paused) this.#later();
  }

  reveal(label) {
    const series = this.#columns.series.find((known) => known.label === label);
    if (!series || series.shown) return;
    series.shown = true;
    this.#keys();
    this.#later();
  }

  resume() {
    this.paused = false;
    this.#later();
  }

  #build() {
    this.bar = element("div", "plot__bar");
    this.series = element("div", "plot__series");
    this.series.setAttribute("role", "group");
    this.series.setAttribute("aria-label", text("series"));
    const tools = element("div", "plot__tools");
    this.logButton = this.#tool(tools, text("log"), () => {
      this.logs = this.logButton.getAttribute("aria-pressed") !== "true";
      this.#redraw();
    });
    this.#tool(tools, text("reset"), () => this.#redraw());
    this.bar.append(this.series, tools);
    this.strips = element("div", "stack stack--tight");
    this.reading = element("p", "plot__reading");
    this.reading.setAttribute("aria-live", "polite");
    this.states = element("div", "");
    this.bar.hidden = true;
    this.plot.append(this.bar, this.states, this.strips, this.reading);
  }

  #tool(parent, label, action) {
    const button = element("button", "button button--quiet button--small", label);
    button.type = "button";
    button.addEventListener("click", action);
    parent.append(button);
    return button;
  }

  #state(node) {
    this.states.replaceChildren(...(node ? [node] : []));
  }

  #colour(index) {
    return getComputedStyle(this).getPropertyValue(`--plot-${(index % COLOURS) + 1}`).trim();
  }

  #keys() {
    const order = [...this.#columns.series].sort((a, b) => Number(Boolean(b.shown)) - Number(Boolean(a.shown)));
    this.series.replaceChildren(...order.map((series) => {
      const chip = element("button", "chip");
      chip.type = "button";
      chip.setAttribute("aria-pressed", String(Boolean(series.shown)));
      const key = element("span", "plot__key");
      key.style.setProperty("--key", `var(--plot-${(series.index % COLOURS) + 1})`);
      chip.append(key, series.unit ? `${series.label} (${series.unit})` : series.label);
      chip.addEventListener("click", () => {
        series.shown = !series.shown;
        chip.setAttribute("aria-pressed", String(series.shown));
        this.#redraw();
      });
      return chip;
    }));
    this.bar.hidden = this.#columns.series.length === 0;
  }

  #later() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const groups = this.#columns.groups();
      const same = groups.length === this.#strips.length
        && groups.every((group, at) => group.name === this.#strips[at].name);
      if (!same) this.#redraw();
      else this.#strips.forEach((strip, at) => strip.chart.setData(this.#columns.table(groups[at], strip.log)));
    });
  }

  #redraw() {
    if (!this.plot) return;
    for (const strip of this.#strips) strip.chart.destroy();
    const groups = this.#columns.groups();
    this.strips.replaceChildren();
    this.#state(groups.length ? null : element("p", "empty", text("empty")));
    this.#strips = groups.map((group, at) => this.#strip(group, at, groups.length));
    this.logButton.setAttribute("aria-pressed", String(this.#strips.some((strip) => strip.log)));
  }

  #height(count) {
    const wide = this.clientWidth > 640;
    if (count === 1) return wide ? 300 : 230;
    return wide ? Math.max(130, 360 / count) : 150;
  }

  #strip(group, at, count) {
    const holder = element("div", "plot__strip");
    holder.tabIndex = 0;
    holder.setAttribute("role", "img");
    holder.setAttribute("aria-label", group.series.map((series) => series.label).join(", "));
    this.strips.append(holder);
    const log = this.#columns.logarithmic(group, this.logs);
    const style = getComputedStyle(this);
    const last = at === count - 1;
    const axis = { stroke: style.getPropertyValue("--muted"), font: `12px ${style.fontFamily}`, labelFont: `12px ${style.fontFamily}`,
      grid: { stroke: style.getPropertyValue("--plot-grid"), width: 1 }, ticks: { stroke: style.getPropertyValue("--plot-grid"), width: 1 } };
    const x = this.#columns.x;
    const chart = new uPlot({
      width: Math.max(this.clientWidth, 120),
      height: this.#height(count) + (last ? 30 : 0),
      legend: { show: false },
      cursor: { sync: { key: this.#key() }, points: { size: 6 }, drag: { x: true, y: false } },
      scales: { x: { time: x.time }, y: { distr: log ? 3 : 1, range: log ? undefined : padded } },
      axes: [
        { ...axis, space: x.time ? 90 : 60, size: last ? (x.time ? 42 : 30) : 8, label: last ? titled(x) : undefined, labelSize: 18, labelGap: 0, values: last ? (x.time ? CLOCK : undefined) : () => [] },
        { ...axis, size: 68, label: group.unit || undefined, labelSize: 16, values: (_, splits) => splits.map((v) => (v === null ? "" : short(v))) },
      ],
      series: [{}, ...group.series.map((series) => ({
        label: series.label, stroke: this.#colour(series.index), width: 1.5, points: { show: series.x.length < 40, size: 4 },
      }))],
      hooks: {
        draw: [(u) => drawMarks(u, this.#columns.marks, style, at === 0)],
        setCursor: [(u) => { if (u.cursor.idx !== null && u.cursor.event) this.#read(u); }],
        setScale: [(u, key) => { if (key === "x") this.#follow(u); }],
      },
    }, this.#columns.table(group, log), holder);
    holder.addEventListener("keydown", (event) => this.#step(event, chart));
    return { name: group.name, chart, log };
  }

  #key() {
    this.syncKey ??= `plot-${Math.random().toString(36).slice(2)}`;
    return this.syncKey;
  }

  #follow(source) {
    if (this.following) return;
    this.following = true;
    const { min, max } = source.scales.x;
    for (const { chart } of this.#strips) {
      if (chart !== source && (chart.scales.x.min !== min || chart.scales.x.max !== max)) chart.setScale("x", { min, max });
    }
    this.following = false;
  }

  #step(event, chart) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity };
    if (!(event.key in moves)) return;
    event.preventDefault();
    const end = chart.data[0].length - 1;
    const at = Math.min(end, Math.max(0, (chart.cursor.idx ?? 0) + moves[event.key]));
    chart.setCursor({ left: chart.valToPos(chart.data[0][at], "x"), top: 10 });
    this.#read(chart, at);
  }

  #read(chart, at = chart.cursor.idx) {
    const x = this.#columns.x;
    const where = chart.data[0][at];
    const parts = [x.time ? new Date(where * 1000).toLocaleTimeString(undefined, { hour12: false }) : `${number(where)} ${x.unit ?? ""}`];
    for (const strip of this.#strips) {
      const index = strip.chart.valToIdx(where);
      strip.chart.series.slice(1).forEach((series, s) => {
        const value = strip.chart.data[s + 1][index];
        if (value !== null && value !== undefined) parts.push(`${series.label}: ${number(value)} ${strip.name}`.trim());
      });
    }
    this.reading.textContent = parts.join(" · ");
  }

  #fit() {
    const width = this.clientWidth;
    if (!width) return;
    this.#strips.forEach((strip, at) => {
      const height = this.#height(this.#strips.length) + (at === this.#strips.length - 1 ? 30 : 0);
      if (strip.chart.width !== width) strip.chart.setSize({ width, height });
    });
  }
}

function padded(_, low, high) {
  if (low === null || high === null) return [0, 1];
  if (low === high) return [low - (Math.abs(low) * 0.05 || 1), high + (Math.abs(high) * 0.05 || 1)];
  const pad = (high - low) * 0.06;
  return [low - pad, high + pad];
}

function titled(x) {
  if (x.time) return undefined;
  return x.unit ? `${x.label ?? ""} (${x.unit})` : x.label;
}

function short(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(1).replace(".0e", "e");
  return String(Number(value.toPrecision(8)));
}

customElements.define("lab-plot", LabPlot);
