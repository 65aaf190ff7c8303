// The columns behind a plot: grouped by unit, joined on x, cut to a span when live. Draws nothing.
import uPlot from "../../vendor/uPlot.esm.js";

const SPREAD_FOR_LOG = 1000;
const SPREAD_OF_PRESSURES = 10;
const COLOURS = 8;
const MOST_POINTS = 4000; // kept of a live series; older ones are thinned to half by least and greatest
const PRESSURES = new Set(["Pa", "hPa", "kPa", "mbar", "bar", "Torr", "torr", "mTorr"]);

function finite(values) {
  return values.map((value) => (typeof value === "number" && Number.isFinite(value) ? value : null));
}

/** Half of the points of a series: of every four the least and the greatest, in their order. */
function thin(series) {
  const x = [];
  const y = [];
  for (let at = 0; at < series.x.length; at += 4) {
    const end = Math.min(at + 4, series.x.length);
    let low = at;
    let high = at;
    for (let next = at; next < end; next += 1) {
      if (series.y[next] === null) continue;
      if (series.y[low] === null || series.y[next] < series.y[low]) low = next;
      if (series.y[high] === null || series.y[next] > series.y[high]) high = next;
    }
    for (const kept of low === high ? [low] : [Math.min(low, high), Math.max(low, high)]) {
      x.push(series.x[kept]);
      y.push(series.y[kept]);
    }
  }
  series.x = x;
  series.y = y;
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
    const ghost = Boolean(part.ghost);
    let series = this.series.find((known) => known.label === part.label && known.ghost === ghost);
    if (!series) {
      const base = ghost ? this.series.find((known) => known.label === part.label && !known.ghost) : null;
      const index = base?.index ?? this.series.filter((known) => !known.ghost).length;
      series = { label: part.label, unit: part.unit ?? "", shown: part.shown, ghost, index, colour: (index % COLOURS) + 1, x: [], y: [] };
      this.series.push(series);
    }
    return series;
  }

  /** Lay other columns under these as thin lines, or take them away. */
  overlay(parts) {
    this.series = this.series.filter((series) => !series.ghost);
    for (const part of parts ?? []) {
      const series = this.#named({ ...part, ghost: true });
      series.x.push(...part.x);
      series.y.push(...finite(part.values));
    }
  }

  /** Put the finer columns of a part of the range in place of the coarse ones there. */
  refine(parts, from, to) {
    for (const part of parts ?? []) {
      const series = this.series.find((known) => known.label === part.label && !known.ghost);
      if (!series) continue;
      const first = series.x.findIndex((x) => x >= from);
      const after = series.x.findIndex((x) => x > to);
      const start = first < 0 ? series.x.length : first;
      const end = after < 0 ? series.x.length : after;
      series.x = [...series.x.slice(0, start), ...part.x, ...series.x.slice(end)];
      series.y = [...series.y.slice(0, start), ...finite(part.values), ...series.y.slice(end)];
    }
  }

  #cut(span) {
    const newest = Math.max(...this.series.map((series) => (series.ghost ? -Infinity : series.x.at(-1) ?? -Infinity)));
    for (const series of this.series) {
      if (series.ghost) continue;
      if (series.x.length > MOST_POINTS) thin(series);
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
    const shown = new Set(this.series.filter((series) => series.shown && !series.ghost).map((series) => series.label));
    for (const series of this.series) {
      if (!shown.has(series.label) || !series.x.length) continue;
      if (!groups.has(series.unit)) groups.set(series.unit, { name: series.unit, unit: series.unit, series: [] });
      groups.get(series.unit).series.push(series);
    }
    return [...groups.values()];
  }

  /** Whether a strip has a logarithmic axis: as a person chose, else told by its values. */
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
