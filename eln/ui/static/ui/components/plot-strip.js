// One strip of a plot: what uPlot needs to draw the series of one unit. Holds no state.
import { drawMarks } from "./plot-marks.js";

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

export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(3).replace("e", "×10^");
  return String(Number(value.toPrecision(6)));
}

function short(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(1).replace(".0e", "e");
  return String(Number(value.toPrecision(8)));
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

/** uPlot's options. `place`: {width, height, last, first, log, key}; `hooks`: {moved(u), scaled(u, key), zoomed(u)}. */
export function stripOptions(group, x, marks, style, place, hooks) {
  const { last, first, log } = place;
  const colour = (series) => style.getPropertyValue(`--plot-${series.colour}`).trim();
  const axis = { stroke: style.getPropertyValue("--muted"), font: `12px ${style.fontFamily}`, labelFont: `12px ${style.fontFamily}`,
    grid: { stroke: style.getPropertyValue("--plot-grid"), width: 1 }, ticks: { stroke: style.getPropertyValue("--plot-grid"), width: 1 } };
  return {
    width: place.width,
    height: place.height,
    legend: { show: false },
    cursor: { sync: { key: place.key }, points: { size: 6 }, drag: { x: true, y: false } },
    scales: { x: { time: x.time }, y: { distr: log ? 3 : 1, range: log ? undefined : padded } },
    axes: [
      { ...axis, space: x.time ? 90 : 60, size: last ? (x.time ? 42 : 30) : 8, label: last ? titled(x) : undefined, labelSize: 18, labelGap: 0, values: last ? (x.time ? CLOCK : undefined) : () => [] },
      { ...axis, size: 68, label: group.unit || undefined, labelSize: 16, values: (_, splits) => splits.map((v) => (v === null ? "" : short(v))) },
    ],
    series: [{}, ...group.series.map((series) => ({
      label: series.ghost ? `${series.label} *` : series.label,
      stroke: colour(series),
      alpha: series.ghost ? 0.55 : 1,
      width: series.ghost ? 1 : 1.5,
      dash: series.ghost ? [4, 3] : undefined,
      points: { show: !series.ghost && series.x.length < 40, size: 4 },
    }))],
    hooks: {
      draw: [(u) => drawMarks(u, marks(), style, first)],
      setCursor: [(u) => { if (u.cursor.idx !== null && u.cursor.event) hooks.moved(u); }],
      setScale: [(u, key) => { if (key === "x") hooks.scaled(u); }],
      setSelect: [(u) => hooks.zoomed(u)],
    },
  };
}
