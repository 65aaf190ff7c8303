// <triage-list>: the inbox by keyboard. j k move, x chooses, a 1 2 3 accept a proposal, f files, d sets aside, r reads again, u undoes.
const AT = "triage-at";

class TriageList extends HTMLElement {
  connectedCallback() {
    this.rows = [...this.querySelectorAll("[data-row]")];
    this.form = this.querySelector("form");
    this.all = this.querySelector("[data-all]");
    this.all.addEventListener("change", () => {
      for (const box of this.boxes) box.checked = this.all.checked;
      this.counted();
    });
    this.addEventListener("change", () => this.counted());
    this.addEventListener("focusin", (event) => {
      const row = event.target.closest("[data-row]");
      if (row) this.at = this.rows.indexOf(row);
    });
    this.onkey = (event) => this.key(event);
    document.addEventListener("keydown", this.onkey);
    for (const form of [this.form, document.getElementById("undo")?.form]) form?.addEventListener("submit", () => this.remember());
    this.counted();
    const remembered = Number(sessionStorage.getItem(AT) ?? -1);
    sessionStorage.removeItem(AT);
    if (remembered >= 0) this.go(Math.min(remembered, this.rows.length - 1));
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.onkey);
  }

  get boxes() {
    return [...this.querySelectorAll("input[name=files]")];
  }

  remember() {
    try { sessionStorage.setItem(AT, String(this.at ?? 0)); } catch { /* storage is blocked: begin at the top */ }
  }

  counted() {
    const count = this.boxes.filter((box) => box.checked).length;
    const said = this.querySelector("[data-count]");
    said.textContent = count ? `${count} ${said.dataset.some}` : said.dataset.none;
    this.querySelector("[data-bulk]").classList.toggle("triage__bar--on", count > 0);
  }

  go(to) {
    this.at = Math.max(0, Math.min(this.rows.length - 1, to));
    const row = this.rows[this.at];
    row?.focus();
    row?.scrollIntoView({ block: "nearest" });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), select, textarea")) return;
    const row = this.rows[this.at ?? -1];
    const done = this.press(event.key, row);
    if (done) event.preventDefault();
  }

  press(key, row) {
    if (key === "j") this.go((this.at ?? -1) + 1);
    else if (key === "k") this.go((this.at ?? 1) - 1);
    else if (key === "u") document.getElementById("undo")?.click();
    else if (key === "?") document.getElementById("keys").open = !document.getElementById("keys").open;
    else if (row && (key === "a" || "123".includes(key))) row.querySelectorAll("[data-offer]")[key === "a" ? 0 : Number(key) - 1]?.click();
    else if (row && key === "x") row.querySelector("input[name=files]").click();
    else if ("fdr".includes(key)) this.bulk(key, row);
    else return false;
    return true;
  }

  /** What stands in the bar, done to what is chosen, or to the file at hand where nothing is. */
  bulk(key, row) {
    if (!this.boxes.some((box) => box.checked)) {
      if (!row) return;
      row.querySelector("input[name=files]").click();
    }
    if (key === "f" && !["entry", "sample", "title"].some((name) => this.form.elements[name].value.trim())) {
      this.form.elements.entry.focus();
      return;
    }
    this.querySelector(`[data-key="${key}"]`).click();
  }
}

/** A plot that is loaded when a person opens what holds it. */
class LazyPlot extends HTMLElement {
  connectedCallback() {
    this.closest("details").addEventListener("toggle", () => {
      if (this.firstChild) return;
      const plot = document.createElement("lab-plot");
      plot.dataset.source = this.dataset.source;
      this.append(plot);
      import("../ui/components/lab-plot.js");
    });
  }
}

customElements.define("triage-list", TriageList);
customElements.define("lazy-plot", LazyPlot);
