// <lab-crystal data-source="structure.json" data-library="3Dmol-min.js">: a crystal in 3D over its still drawing.
//
// JSON: {"lattice": rows in angstrom, "sites": [{"at": fractional, "species": [[symbol, share]]}],
//        "elements": {symbol: {"colour", "electronegativity", "radius", "metal"}}}
// Without WebGL the drawing inside stays, and says so. Keys: arrows turn, + and - zoom, 0 shows it as at first.

const FACE = 0.2; // angstrom: what lies this near to a face stands on the opposite one too
const MOST_ATOMS = 3000;
const BOND = 1.15; // longest bond by the sum of the covalent radii
const STYLES = {
  ball: (colour) => ({ sphere: { scale: 0.28, color: colour }, stick: { radius: 0.11, color: colour } }),
  space: (colour) => ({ sphere: { scale: 0.95, color: colour } }),
  stick: (colour) => ({ stick: { radius: 0.15, color: colour } }),
  poly: (colour) => ({ sphere: { scale: 0.18, color: colour }, stick: { radius: 0.06, color: colour } }),
};
let library;

function loaded(address) {
  library ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => done(window.$3Dmol);
    script.onerror = () => failed(new Error(address));
    document.head.append(script);
  });
  return library;
}

function drawable() {
  const canvas = document.createElement("canvas");
  return Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl"));
}

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function times(fractional, lattice) {
  return [0, 1, 2].map((i) => fractional[0] * lattice[0][i] + fractional[1] * lattice[1][i] + fractional[2] * lattice[2][i]);
}

function point([x, y, z]) {
  return { x, y, z };
}

function minus(one, other) {
  return [one.x - other.x, one.y - other.y, one.z - other.z];
}

function cross(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** Triangles of the convex hull of a few points. */
function hull(points) {
  const faces = [];
  for (let i = 0; i < points.length; i += 1) {
    for (let j = i + 1; j < points.length; j += 1) {
      for (let k = j + 1; k < points.length; k += 1) {
        const normal = cross(minus(points[j], points[i]), minus(points[k], points[i]));
        const size = Math.sqrt(dot(normal, normal));
        if (size < 1e-6) continue;
        const sides = points.map((other) => dot(normal, minus(other, points[i])) / size);
        if (sides.every((side) => side < 0.05)) faces.push(i, j, k);
        else if (sides.every((side) => side > -0.05)) faces.push(i, k, j);
      }
    }
  }
  return faces;
}

class LabCrystal extends HTMLElement {
  connectedCallback() {
    if (this.view) return;
    this.style_ = "ball";
    this.cells = 1;
    if (!drawable()) {
      this.classList.add("crystal--still");
      return;
    }
    this.seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      this.seen.disconnect();
      this.#start();
    }, { rootMargin: "200px" });
    this.seen.observe(this);
  }

  disconnectedCallback() {
    this.seen?.disconnect();
    this.theme?.disconnect();
    this.scheme?.removeEventListener("change", this.onscheme);
    this.viewer?.clear();
  }

  async #start() {
    try {
      await this.#fetch();
      this.molecules = await loaded(this.dataset.library);
    } catch (error) {
      this.querySelector("[data-told]").textContent = error.message;
      return;
    }
    this.view = document.createElement("div");
    this.view.className = "crystal__view";
    this.view.tabIndex = 0;
    this.view.setAttribute("role", "img");
    this.view.setAttribute("aria-label", this.dataset.label ?? "");
    this.querySelector("[data-still]").replaceWith(this.view);
    this.viewer = this.molecules.createViewer(this.view, { backgroundColor: token("--surface"), antialias: true });
    this.#draw(true);
    this.querySelector("[data-controls]").hidden = false;
    this.#listen();
    this.dataset.ready = "3d";
  }

  async #fetch(cell = "") {
    const answer = await fetch(`${this.dataset.source}${cell && `?cell=${cell}`}`, { headers: { Accept: "application/json" } });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.error ?? answer.status);
    this.found = found;
  }

  #listen() {
    this.addEventListener("change", async (event) => {
      const { name, value } = event.target;
      if (name === "style") this.style_ = value;
      if (name === "cells") this.cells = Number(value);
      if (name === "cell") await this.#fetch(value);
      this.#draw(name !== "style");
    });
    this.addEventListener("click", (event) => {
      const axis = event.target.closest("[data-along]")?.dataset.along;
      if (axis) this.#along(axis);
    });
    this.view.addEventListener("keydown", (event) => this.#key(event));
    this.theme = new MutationObserver(() => this.#recolour());
    this.theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.onscheme = () => this.#recolour();
    this.scheme.addEventListener("change", this.onscheme);
    new ResizeObserver(() => { this.viewer.resize(); }).observe(this.view);
  }

  #recolour() {
    this.viewer.setBackgroundColor(token("--surface"));
    this.#draw(false);
  }

  #key(event) {
    const turn = { ArrowLeft: [-10, "y"], ArrowRight: [10, "y"], ArrowUp: [-10, "x"], ArrowDown: [10, "x"] }[event.key];
    const zoom = { "+": 1.15, "-": 0.87 }[event.key];
    if (turn) this.viewer.rotate(...turn);
    else if (zoom) this.viewer.zoom(zoom);
    else if (event.key === "0") this.#along("start");
    else return;
    event.preventDefault();
    this.viewer.render();
  }

  /** Atoms of n x n x n cells; what lies on an outer face stands on the opposite one too. */
  #atoms() {
    const n = this.cells;
    const near = this.found.lattice.map((edge) => FACE / Math.sqrt(dot(edge, edge)));
    const found = [];
    for (const site of this.found.sites) {
      const ends = site.at.map((value, axis) => {
        const at = value > 1 - near[axis] ? value - 1 : value;
        const steps = Array.from({ length: n }, (_, step) => at + step);
        return Math.abs(at) < near[axis] ? [...steps, at + n] : steps;
      });
      for (const x of ends[0]) for (const y of ends[1]) for (const z of ends[2]) {
        found.push({ elem: site.species[0][0], ...point(times([x, y, z], this.found.lattice)), bonds: [], bondOrder: [] });
      }
    }
    return this.#bonded(found.slice(0, MOST_ATOMS).map((atom, serial) => ({ ...atom, serial })));
  }

  /** Bonds by covalent radii; between two metals only where there is nothing else to bind to. */
  #bonded(atoms) {
    const told = this.found.elements;
    const others = Object.values(told).some((one) => !one.metal);
    atoms.forEach((one, i) => {
      for (let j = i + 1; j < atoms.length; j += 1) {
        const other = atoms[j];
        if (others && told[one.elem].metal && told[other.elem].metal) continue;
        const longest = BOND * (told[one.elem].radius + told[other.elem].radius);
        const apart = minus(one, other);
        if (Math.abs(apart[0]) > longest || dot(apart, apart) > longest ** 2) continue;
        one.bonds.push(j);
        one.bondOrder.push(1);
        other.bonds.push(i);
        other.bondOrder.push(1);
      }
    });
    return atoms;
  }

  #draw(whole) {
    const { viewer } = this;
    viewer.removeAllModels();
    viewer.removeAllShapes();
    viewer.removeAllLabels();
    this.model = viewer.addModel();
    this.model.addAtoms(this.#atoms());
    for (const [symbol, { colour }] of Object.entries(this.found.elements)) {
      viewer.setStyle({ elem: symbol }, STYLES[this.style_](colour));
    }
    if (this.style_ === "poly") this.#polyhedra();
    this.#box();
    if (whole) this.#along("start");
    viewer.render();
    this.dataset.atoms = String(this.model.selectedAtoms({}).length);
  }

  #box() {
    const edge = token("--edge");
    const corner = (i) => point(times([i & 1, (i >> 1) & 1, (i >> 2) & 1], this.found.lattice));
    for (const [one, other] of [[0, 1], [0, 2], [0, 4], [1, 3], [1, 5], [2, 3], [2, 6], [3, 7], [4, 5], [4, 6], [5, 7], [6, 7]]) {
      this.viewer.addCylinder({ start: corner(one), end: corner(other), radius: 0.035, color: edge, fromCap: 1, toCap: 1 });
    }
    ["a", "b", "c"].forEach((name, axis) => {
      const end = this.found.lattice[axis].map((value) => value * 1.06);
      this.viewer.addLabel(name, { position: point(end), fontColor: token("--text"), fontSize: 13, backgroundOpacity: 0, inFront: true });
    });
  }

  /** Around each atom whose neighbours all draw electrons more strongly; only those with as many as the best of their kind. */
  #polyhedra() {
    const atoms = this.model.selectedAtoms({});
    const draws = (atom) => this.found.elements[atom.elem]?.electronegativity ?? 0;
    const centres = [];
    for (const atom of atoms) {
      const around = atom.bonds.map((index) => atoms[index]).filter((other) => other && draws(other) > draws(atom) + 0.3);
      if (around.length >= 4 && around.length <= 12) centres.push({ atom, around });
    }
    const most = {};
    for (const { atom, around } of centres) most[atom.elem] = Math.max(most[atom.elem] ?? 0, around.length);
    for (const { atom, around } of centres.filter((one) => one.around.length === most[one.atom.elem])) {
      const corners = around.map(({ x, y, z }) => ({ x, y, z }));
      const faces = hull(corners);
      if (!faces.length) continue;
      const normals = corners.map((corner) => { const [x, y, z] = minus(corner, atom); return { x, y, z }; });
      this.viewer.addCustom({ vertexArr: corners, normalArr: normals, faceArr: faces, color: this.found.elements[atom.elem].colour, opacity: 0.6, alpha: 0.6 });
    }
  }

  /** Turns the picture so that one looks along an axis; `start` is c upwards, seen a little from the side. */
  #along(axis) {
    const { viewer } = this;
    const [a, b, c] = this.found.lattice;
    const unit = (v) => v.map((value) => value / Math.sqrt(dot(v, v)));
    const towards = unit({ a, b, c, start: a }[axis]);
    const upwards = unit({ a: c, b: c, c: b, start: c }[axis]);
    const right = unit(cross(upwards, towards));
    const up = cross(towards, right);
    const rows = [right, up, towards];
    const trace = rows[0][0] + rows[1][1] + rows[2][2];
    viewer.zoomTo();
    const view = viewer.getView();
    const turned = quaternion(rows, trace);
    viewer.setView([...view.slice(0, 4), ...turned]);
    if (axis === "start") { viewer.rotate(-22, "y"); viewer.rotate(14, "x"); }
    viewer.render();
  }
}

/** The rotation whose matrix has these rows, as x, y, z, w. */
function quaternion(m, trace) {
  if (trace > 0) {
    const s = 0.5 / Math.sqrt(trace + 1);
    return [(m[2][1] - m[1][2]) * s, (m[0][2] - m[2][0]) * s, (m[1][0] - m[0][1]) * s, 0.25 / s];
  }
  const at = [0, 1, 2].reduce((best, i) => (m[i][i] > m[best][best] ? i : best), 0);
  const [i, j, k] = [at, (at + 1) % 3, (at + 2) % 3];
  const s = 2 * Math.sqrt(Math.max(1e-12, 1 + m[i][i] - m[j][j] - m[k][k]));
  const found = [0, 0, 0, (m[k][j] - m[j][k]) / s];
  found[i] = s / 4;
  found[j] = (m[j][i] + m[i][j]) / s;
  found[k] = (m[k][i] + m[i][k]) / s;
  return found;
}

customElements.define("lab-crystal", LabCrystal);
