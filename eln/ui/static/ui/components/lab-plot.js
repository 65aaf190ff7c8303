// <lab-plot data-source="/json/url">: draws columns as strips, one per unit, that share their x axis.
//
// JSON: {"x": {"label", "unit", "values": [...], "time": bool (epoch s)},
//        "series": [{"label", "unit", "values": [...], "x": [...] (own positions, optional), "shown": bool}],
//        "marks": [{"x", "end", "label", "kind"}], "log": bool (absent: chosen by the spread of the values)}
// `data-zoom`: the source gives a part in more detail for ?from=&to=, asked for when a person zooms.
// Methods: show(payload), append(payload) for live data, mark(marks), overlay(payload or null), `span` seconds kept when
// live, `paused`, `logs` {unit: bool}. Events: `plotchosen` after a person showed or hid a channel or chose an axis.
import uPlot from "../../vendor/uPlot.esm.js";
import { Columns } from "./plot-columns.js";
import { Picker } from "./plot-picker.js";
import { number, stripOptions } from "./plot-strip.js";

const SHOWN_AT_FIRST = 6;
const ZOOM_WAIT_MS = 150;

function text(name) {
  return document.getElementById("ui-text")?.dataset[name] ?? "";
}

function element(tag, className, content = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = content;
  return made;
}

class LabPlot extends HTMLElement {
  #strips = [];
  #columns = new Columns();
  #frame = 0;
  #zoom = null;
  paused = false;
  span = 0;
  logs = {};

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
      this.show(await this.#fetch(this.dataset.source));
    } catch (error) {
      const notice = element("div", "notice notice--bad cluster", `${text("failed")} (${error.message})`);
      const again = element("button", "button button--small", text("again"));
      again.addEventListener("click", () => this.load());
      notice.append(again);
      this.#state(notice);
    }
  }

  async #fetch(source) {
    const answer = await fetch(source, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  show(payload) {
    this.#columns = new Columns(payload);
    this.whole = payload;
    this.always = payload.log;
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

  overlay(payload) {
    this.#columns.overlay(payload?.series);
    this.legend.textContent = payload?.label ?? "";
    this.legend.hidden = !payload;
    this.#redraw();
  }

  reveal(label) {
    const series = this.#columns.series.find((known) => known.label === label && !known.ghost);
    if (!series || series.shown) return;
    series.shown = true;
    this.#keys();
    this.#later();
  }

  resume() {
    this.paused = false;
    this.#later();
  }

  /** Names of the channels that are drawn. */
  get shown() {
    return this.#columns.series.filter((series) => series.shown && !series.ghost).map((series) => series.label);
  }

  #build() {
    this.bar = element("div", "plot__bar");
    this.picker = new Picker(text, () => { this.#redraw(); this.#chosen(); });
    const tools = element("div", "plot__tools");
    this.reset = element("button", "button button--quiet button--small", text("reset"));
    this.reset.type = "button";
    this.reset.hidden = true;
    this.reset.addEventListener("click", () => this.#unzoom());
    tools.append(this.reset);
    this.bar.append(this.picker.node, tools);
    this.strips = element("div", "stack stack--tight");
    this.legend = element("p", "plot__ghost small muted");
    this.legend.hidden = true;
    this.reading = element("p", "plot__reading");
    this.reading.setAttribute("aria-live", "polite");
    this.states = element("div", "");
    this.bar.hidden = true;
    this.plot.append(this.bar, this.picker.panel, this.states, this.strips, this.legend, this.reading);
  }

  #chosen() {
    this.dispatchEvent(new CustomEvent("plotchosen", { bubbles: true, detail: { channels: this.shown, logs: this.logs } }));
  }

  #state(node) {
    this.states.replaceChildren(...(node ? [node] : []));
  }

  #keys() {
    this.picker.show(this.#columns.series);
    this.bar.hidden = this.#columns.series.length === 0;
  }

  #later() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const groups = this.#columns.groups();
      const same = groups.length === this.#strips.length
        && groups.every((group, at) => group.name === this.#strips[at].name && group.series.length === this.#strips[at].count);
      if (!same) this.#redraw();
      else this.#strips.forEach((strip, at) => strip.chart.setData(this.#columns.table(groups[at], strip.log), !this.#zoom));
    });
  }

  #redraw() {
    if (!this.plot) return;
    for (const strip of this.#strips) strip.chart.destroy();
    const groups = this.#columns.groups();
    this.strips.replaceChildren();
    this.#state(groups.length ? null : element("p", "empty", text("empty")));
    this.#strips = groups.map((group, at) => this.#strip(group, at, groups.length));
    if (this.#zoom) for (const { chart } of this.#strips) chart.setScale("x", this.#zoom);
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
    holder.setAttribute("aria-label", group.series.filter((series) => !series.ghost).map((series) => series.label).join(", "));
    const row = element("div", "plot__lane");
    row.append(holder);
    this.strips.append(row);
    const log = this.#columns.logarithmic(group, this.logs[group.name] ?? this.always);
    const last = at === count - 1;
    const place = { width: Math.max(this.clientWidth, 120), height: this.#height(count) + (last ? 30 : 0), first: at === 0, last, log, key: this.#key() };
    const hooks = { moved: (u) => this.#read(u), scaled: (u) => this.#follow(u), zoomed: (u) => this.#zoomed(u) };
    const options = stripOptions(group, this.#columns.x, () => this.#columns.marks, getComputedStyle(this), place, hooks);
    const chart = new uPlot(options, this.#columns.table(group, log), holder);
    holder.addEventListener("keydown", (event) => this.#step(event, chart));
    holder.addEventListener("dblclick", () => this.#unzoom());
    row.append(this.#logButton(group, log));
    return { name: group.name, chart, log, count: group.series.length };
  }

  #logButton(group, log) {
    const button = element("button", "plot__log", "log");
    button.type = "button";
    button.title = text("log");
    button.setAttribute("aria-label", `${text("log")} ${group.unit}`.trim());
    button.setAttribute("aria-pressed", String(log));
    button.addEventListener("click", () => {
      this.logs = { ...this.logs, [group.name]: !log };
      this.#redraw();
      this.#chosen();
    });
    return button;
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

  #zoomed(chart) {
    if (chart.select.width < 3) return;
    this.#zoom = { min: chart.posToVal(chart.select.left, "x"), max: chart.posToVal(chart.select.left + chart.select.width, "x") };
    this.reset.hidden = false;
    if (this.dataset.zoom === undefined) return;
    clearTimeout(this.zooming);
    this.zooming = setTimeout(() => this.#refine(this.#zoom), ZOOM_WAIT_MS);
  }

  async #refine(range) {
    const address = new URL(this.dataset.source, location.href);
    address.searchParams.set("from", range.min);
    address.searchParams.set("to", range.max);
    try {
      const part = await this.#fetch(address);
      if (range !== this.#zoom) return; // zoomed elsewhere meanwhile
      this.#columns.refine(part.series, range.min, range.max);
      this.#redraw();
    } catch (error) {
      this.reading.textContent = `${text("failed")} (${error.message})`;
    }
  }

  #unzoom() {
    this.#zoom = null;
    this.reset.hidden = true;
    this.#redraw();
  }

  #step(event, chart) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity };
    if (event.key === "Escape" && this.#zoom) this.#unzoom();
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

customElements.define("lab-plot", LabPlot);
