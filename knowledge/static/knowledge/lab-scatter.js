// <lab-scatter data-from="id of a JSON element">: two numbers of many records as points, coloured by group. A click opens the record.
//
// JSON: {"x": {"label", "unit", "log"}, "y": {...}, "url": ".../RECORD/", "groups": [{"label", "x", "y", "records", "names"}]}
// Arrows walk from point to point in order of x, Enter opens. Keys of the legend hide a group.

const LEFT = 64;
const BOTTOM = 46;
const TOP = 12;
const RIGHT = 14;
const NEAR = 14; // pixels within which a point is meant
const HEIGHT = 420;

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A number as axes write it. */
export function written(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(2).replace(/\.?0+e/, "e") : String(Number(value.toPrecision(4)));
}

/** Round positions between two ends: powers of ten on a log axis. */
function ticks(low, high, log, most) {
  if (log) {
    const found = [];
    const step = Math.max(1, Math.ceil((Math.log10(high) - Math.log10(low)) / most));
    for (let power = Math.ceil(Math.log10(low) - 1e-9); 10 ** power <= high * 1.0001; power += step) found.push(10 ** power);
    return found;
  }
  const rough = (high - low) / most;
  const base = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * base).find((size) => size >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-6; at += step) found.push(Number(at.toPrecision(12)));
  return found;
}

class Scale {
  constructor(values, log, from, to) {
    this.log = log;
    let low = values.reduce((a, b) => Math.min(a, b), Infinity);
    let high = values.reduce((a, b) => Math.max(a, b), -Infinity);
    const bent = (value) => (log ? Math.log10(value) : value);
    const pad = (bent(high) - bent(low)) * 0.04 || Math.abs(bent(high)) * 0.05 || 1;
    [low, high] = [bent(low) - pad, bent(high) + pad];
    this.ends = log ? [10 ** low, 10 ** high] : [low, high];
    this.at = (value) => from + ((bent(value) - low) / (high - low)) * (to - from);
  }
}

class LabScatter extends HTMLElement {
  connectedCallback() {
    if (this.canvas) return;
    this.found = JSON.parse(document.getElementById(this.dataset.from).textContent);
    this.hidden_ = new Set();
    this.canvas = document.createElement("canvas");
    this.canvas.className = "scatter__canvas";
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", this.dataset.label ?? "");
    this.told = document.createElement("p");
    this.told.className = "small scatter__told";
    this.told.setAttribute("aria-live", "polite");
    this.append(this.#legend(), this.canvas, this.told);
    this.canvas.addEventListener("mousemove", (event) => this.#tell(this.#near(event)));
    this.canvas.addEventListener("mouseleave", () => this.#tell(null));
    this.canvas.addEventListener("click", (event) => this.#open(this.#near(event)));
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    this.resize = new ResizeObserver(() => this.#draw());
    this.resize.observe(this);
    this.theme = new MutationObserver(() => this.#draw());
    this.theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.onscheme = () => this.#draw();
    this.scheme.addEventListener("change", this.onscheme);
  }

  disconnectedCallback() {
    this.resize?.disconnect();
    this.theme?.disconnect();
    this.scheme?.removeEventListener("change", this.onscheme);
  }

  #legend() {
    const bar = document.createElement("div");
    bar.className = "cluster small scatter__legend";
    this.found.groups.forEach((group, at) => {
      const key = document.createElement("button");
      key.type = "button";
      key.className = `chip scatter__key scatter__key--${(at % 8) + 1}`;
      key.setAttribute("aria-pressed", "true");
      key.textContent = `${group.label} ${group.x.length}`;
      key.addEventListener("click", () => {
        if (!this.hidden_.delete(at)) this.hidden_.add(at);
        key.setAttribute("aria-pressed", String(!this.hidden_.has(at)));
        this.#draw();
      });
      bar.append(key);
    });
    return bar;
  }

  #draw() {
    const width = this.clientWidth;
    if (!width) return;
    const height = Math.min(HEIGHT, Math.max(260, width * 0.7));
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    this.canvas.style.height = `${height}px`;
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.fillStyle = token("--surface");
    pen.fillRect(0, 0, width, height);
    const every = (name) => this.found.groups.flatMap((group) => group[name]);
    this.x = new Scale(every("x"), this.found.x.log, LEFT, width - RIGHT);
    this.y = new Scale(every("y"), this.found.y.log, height - BOTTOM, TOP);
    this.#axes(pen, width, height);
    this.points = [];
    this.found.groups.forEach((group, at) => { if (!this.hidden_.has(at)) this.#group(pen, group, at); });
    this.points.sort((one, other) => one.left - other.left || one.top - other.top);
    if (this.chosen) this.#ring(pen, this.chosen);
  }

  #axes(pen, width, height) {
    pen.font = `12px ${token("--font") || "sans-serif"}`;
    pen.strokeStyle = token("--plot-grid");
    pen.fillStyle = token("--muted");
    pen.lineWidth = 1;
    pen.textAlign = "center";
    for (const value of ticks(...this.x.ends, this.x.log, Math.max(2, Math.floor(width / 90)))) {
      const at = this.x.at(value);
      this.#line(pen, at, TOP, at, height - BOTTOM);
      pen.fillText(written(value), at, height - BOTTOM + 16);
    }
    pen.textAlign = "right";
    for (const value of ticks(...this.y.ends, this.y.log, 6)) {
      const at = this.y.at(value);
      this.#line(pen, LEFT, at, width - RIGHT, at);
      pen.fillText(written(value), LEFT - 6, at + 4);
    }
    pen.strokeStyle = token("--edge");
    this.#line(pen, LEFT, TOP, LEFT, height - BOTTOM);
    this.#line(pen, LEFT, height - BOTTOM, width - RIGHT, height - BOTTOM);
    pen.fillStyle = token("--text");
    pen.textAlign = "center";
    pen.fillText(this.#named(this.found.x), (LEFT + width - RIGHT) / 2, height - 8);
    pen.save();
    pen.translate(13, (TOP + height - BOTTOM) / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText(this.#named(this.found.y), 0, 0);
    pen.restore();
  }

  #line(pen, ...[x1, y1, x2, y2]) {
    pen.beginPath();
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
    pen.stroke();
  }

  #named(axis) {
    return axis.unit ? `${axis.label} (${axis.unit})` : axis.label;
  }

  #group(pen, group, at) {
    pen.fillStyle = token(`--plot-${(at % 8) + 1}`);
    pen.globalAlpha = group.x.length > 1500 ? 0.55 : 0.8;
    group.x.forEach((x, index) => {
      const point = { left: this.x.at(x), top: this.y.at(group.y[index]), group, index };
      this.points.push(point);
      pen.beginPath();
      pen.arc(point.left, point.top, 3.2, 0, 2 * Math.PI);
      pen.fill();
    });
    pen.globalAlpha = 1;
  }

  #ring(pen, point) {
    pen.strokeStyle = token("--text");
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(point.left, point.top, 6, 0, 2 * Math.PI);
    pen.stroke();
  }

  #near(event) {
    const box = this.canvas.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    let best = null;
    let least = NEAR ** 2;
    for (const point of this.points ?? []) {
      const away = (point.left - left) ** 2 + (point.top - top) ** 2;
      if (away < least) [best, least] = [point, away];
    }
    return best;
  }

  #tell(point) {
    this.canvas.classList.toggle("scatter__canvas--over", Boolean(point));
    if (point?.group === this.chosen?.group && point?.index === this.chosen?.index) return;
    this.chosen = point;
    this.#draw();
    this.told.replaceChildren();
    if (!point) return;
    const link = document.createElement("a");
    link.href = this.#url(point);
    link.textContent = point.group.names[point.index] || point.group.records[point.index];
    const { x, y } = this.found;
    const values = `${x.label} ${written(point.group.x[point.index])} ${x.unit}, ${y.label} ${written(point.group.y[point.index])} ${y.unit}`;
    this.told.append(link, ` · ${values} · ${point.group.label}`);
  }

  #url(point) {
    return this.found.url.replace("RECORD", point.group.records[point.index]);
  }

  #open(point) {
    if (point) location.assign(this.#url(point));
  }

  #key(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step && this.points?.length) {
      event.preventDefault();
      const now = this.points.findIndex((point) => point.group === this.chosen?.group && point.index === this.chosen?.index);
      this.#tell(this.points[(now + step + this.points.length) % this.points.length]);
    } else if (event.key === "Enter") {
      this.#open(this.chosen);
    }
  }

  /** The picture as PNG. */
  picture() {
    return new Promise((done) => { this.canvas.toBlob(done, "image/png"); });
  }
}

customElements.define("lab-scatter", LabScatter);

/** Rows of SVG bars drawn anew on a canvas, so that they can be kept as a picture. */
function barsPicture(figure) {
  const rows = [...figure.querySelectorAll(".dist")];
  const [width, row] = [900, 90];
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = rows.length * row + 40;
  const pen = canvas.getContext("2d");
  pen.fillStyle = token("--surface");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.font = "14px sans-serif";
  rows.forEach((one, at) => {
    const base = (at + 1) * row;
    pen.fillStyle = token("--text");
    pen.fillText(one.querySelector(".dist__head").innerText.replace("\n", "  "), 10, at * row + 18);
    pen.fillStyle = token("--plot-1");
    for (const bar of one.querySelectorAll("rect")) {
      const [x, wide, high] = ["x", "width", "height"].map((name) => Number(bar.getAttribute(name)) / 100);
      pen.fillRect(10 + x * (width - 20), base - high * (row - 28), wide * (width - 20), high * (row - 28));
    }
  });
  pen.fillStyle = token("--muted");
  const ends = [...figure.querySelectorAll("figcaption span")].map((span) => span.textContent);
  [["left", 10], ["center", width / 2], ["right", width - 10]].forEach(([align, x], at) => {
    pen.textAlign = align;
    pen.fillText(ends[at] ?? "", x, rows.length * row + 24);
  });
  return new Promise((done) => { canvas.toBlob(done, "image/png"); });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-png]");
  if (!button) return;
  const found = document.querySelector(button.dataset.png);
  const blob = await (found.picture ? found.picture() : barsPicture(found));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = "plot.png";
  link.click();
  URL.revokeObjectURL(link.href);
});
