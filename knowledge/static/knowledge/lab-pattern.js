// <lab-pattern data-source="pattern.json">: a computed powder pattern for a chosen radiation, with measured ones laid over it.
//
// Inside: [data-controls] (radiation, wavelength, energy, measured, file), a <lab-plot>, and a table body [data-peaks].
// A measured pattern is either the plot of a notebook file (same JSON as <lab-plot>) or a dropped text file of two columns.

function largest(values) {
  return values.reduce((most, value) => (Number.isFinite(value) && value > most ? value : most), 0);
}

/** Two columns of numbers, whatever stands between them; lines that begin otherwise are passed over. */
export function columnsOf(text) {
  const x = [];
  const y = [];
  for (const line of text.split(/\r?\n/)) {
    const found = line.trim().split(/[\s,;]+/).map(Number);
    if (found.length >= 2 && Number.isFinite(found[0]) && Number.isFinite(found[1]) && line.trim() !== "") {
      x.push(found[0]);
      y.push(found[1]);
    }
  }
  return { x, y };
}

class LabPattern extends HTMLElement {
  connectedCallback() {
    if (this.controls) return;
    this.controls = this.querySelector("[data-controls]");
    this.controls.hidden = false;
    this.plot = this.querySelector("lab-plot");
    this.told = this.querySelector("[data-told]");
    this.controls.addEventListener("change", (event) => this.#changed(event));
    this.addEventListener("dragover", (event) => event.preventDefault());
    this.addEventListener("drop", (event) => this.#dropped(event));
    customElements.whenDefined("lab-plot").then(() => this.#compute());
  }

  #changed(event) {
    const { name, value, files } = event.target;
    if (name === "radiation" || name === "wavelength" || name === "energy") {
      for (const other of ["wavelength", "energy"]) if (other !== name) this.#field(other).value = "";
      this.#compute();
    } else if (name === "measured") {
      this.#measured(value, event.target.selectedOptions[0]?.textContent.trim());
    } else if (name === "file" && files.length) {
      this.#read(files[0]);
    }
  }

  #field(name) {
    return this.controls.querySelector(`[name=${name}]`);
  }

  #dropped(event) {
    event.preventDefault();
    if (event.dataTransfer.files.length) this.#read(event.dataTransfer.files[0]);
  }

  async #compute() {
    const asked = new URLSearchParams();
    for (const name of ["wavelength", "energy"]) if (this.#field(name).value.trim()) asked.set(name, this.#field(name).value.trim());
    if (![...asked].length) asked.set("radiation", this.#field("radiation").value);
    this.told.textContent = this.dataset.waiting;
    const answer = await fetch(`${this.dataset.source}?${asked}`, { headers: { Accept: "application/json" } });
    const found = await answer.json();
    if (!answer.ok) {
      this.told.textContent = found.error ?? found.detail ?? answer.status;
      return;
    }
    this.found = found;
    const { wavelength, energy } = found.radiation;
    this.told.textContent = `λ = ${wavelength} Å, ${energy} keV`;
    this.#table();
    this.#draw();
  }

  #table() {
    const body = this.querySelector("[data-peaks]");
    body.replaceChildren(...this.found.peaks.map(([angle, d, height, hkl, multiplicity]) => {
      const row = document.createElement("tr");
      for (const value of [angle.toFixed(3), d.toFixed(4), height.toFixed(1), hkl, multiplicity]) {
        const cell = document.createElement("td");
        cell.textContent = value;
        if (value !== hkl) cell.className = "num";
        row.append(cell);
      }
      return row;
    }));
  }

  #draw() {
    if (!this.found) return;
    const series = this.found.series.map((one) => ({ ...one, shown: true }));
    if (this.laid) {
      const most = largest(this.laid.y) || 1;
      series.push({ label: this.laid.label, unit: "%", x: this.laid.x, values: this.laid.y.map((value) => (100 * value) / most), shown: true });
    }
    this.plot.show({ ...this.found, series });
    this.dataset.ready = String(series.length);
  }

  async #measured(address, label) {
    if (!address) {
      this.laid = null;
      this.#draw();
      return;
    }
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    const found = answer.ok ? await answer.json() : { series: [] };
    const one = found.series.find((series) => series.shown !== false && series.unit !== found.x.unit) ?? found.series[0];
    if (!one) {
      this.told.textContent = this.dataset.nothing;
      return;
    }
    this.laid = { label, x: one.x ?? found.x.values, y: one.values };
    this.#draw();
  }

  async #read(file) {
    const { x, y } = columnsOf(await file.text());
    if (x.length < 5) {
      this.told.textContent = this.dataset.unreadable;
      return;
    }
    this.laid = { label: file.name, x, y };
    this.#draw();
  }
}

customElements.define("lab-pattern", LabPattern);
