// The columns behind a plot: grouped by unit, joined on x, cut to a span when live. Draws nothing.
import uPlot from "../../vendor/uPlot.esm.js";

const SPREAD_FOR_LOG = 1000;
const SPREAD_OF_PRESSURES = 10;
const PRESSURES = new Set(["Pa", "hPa", "kPa", "mbar", "bar", "Torr", "torr", "mTorr"]);

function finite(values) {
  return values.map((value) => (typeof value === "number" && Number.isFinite(value) ? value : null));
}

export class Columns {
  x = { label: "", unit: "", time: false };
  series = [];
  marks = [];

  constructor(payload = null) {
    if (payload) this.append(payload, 0);
  }

  append(payload, span) {
    const { values = [], ...x } = payload.x ?? {};
    this.x = { ...this.x, ...x };
    for (const part of payload.series ?? []) {
      const series = this.#named(part);
      series.x.push(...(part.x ?? values));
      series.y.push(...finite(part.values));
    }
    this.mark(payload.marks ?? []);
    if (span > 0) this.#cut(span);
  }

  mark(marks) {
    for (const mark of marks) {
      const known = mark.id === undefined ? -1 : this.marks.findIndex((old) => old.id === mark.id);
      if (known >= 0) this.marks[known] = mark;
      else this.marks.push(mark);
    }
  }

  #named(part) {
    let series = this.series.find((known) => known.label === part.label);
    if (!series) {
      series = { label: part.label, unit: part.unit ?? "", shown: part.shown, index: this.series.length, x: [], y: [] };
      this.series.push(series);
    }
    return series;
  }

  #cut(span) {
    const newest = Math.max(...this.series.map((series) => series.x.at(-1) ?? -Infinity));
    for (const series of this.series) {
      let from = 0;
      while (from < series.x.length && series.x[from] < newest - span) from += 1;
      if (from > 0) {
        series.x.splice(0, from);
        series.y.splice(0, from);
      }
    }
    this.marks = this.marks.filter((mark) => (mark.end ?? mark.x) >= newest - span);
  }

  /** Shown series by unit: [{name, unit, series}]. */
  groups() {
    const groups = new Map();
    for (const series of this.series) {
      if (!series.shown || !series.x.length) continue;
      if (!groups.has(series.unit)) groups.set(series.unit, { name: series.unit, unit: series.unit, series: [] });
      groups.get(series.unit).series.push(series);
    }
    return [...groups.values()].map((group) => ({ ...group, series: group.series }));
  }

  logarithmic(group, wanted) {
    if (wanted === false) return false;
    let low = Infinity;
    let high = -Infinity;
    let negative = false;
    for (const series of group.series) {
      for (const value of series.y) {
        if (value === null) continue;
        if (value <= 0) negative = true;
        else { low = Math.min(low, value); high = Math.max(high, value); }
      }
    }
    if (high === -Infinity) return false;
    const spread = PRESSURES.has(group.unit) ? SPREAD_OF_PRESSURES : SPREAD_FOR_LOG;
    return wanted === true ? !negative || high / low > SPREAD_FOR_LOG : !negative && high / low > spread;
  }

  /** uPlot's aligned table; where series have own positions a missing value is `undefined`, a gap `null`. */
  table(group, log) {
    const kept = (series) => (log ? series.y.map((value) => (value !== null && value > 0 ? value : null)) : series.y);
    const tables = group.series.map((series) => [series.x, kept(series)]);
    return tables.length === 1 ? tables[0] : uPlot.join(tables);
  }
}
