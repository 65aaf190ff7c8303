// Which channels are drawn: a chip for each that is, and - where there are many - a list to search, by unit.
const FEW = 10;

function element(tag, className, content = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = content;
  return made;
}

function named(series) {
  return series.unit ? `${series.label} (${series.unit})` : series.label;
}

/** `changed(series)` is called after a person showed or hid one. `say(name)` gives a text of the page. */
export class Picker {
  constructor(say, changed) {
    this.say = say;
    this.changed = changed;
    this.node = element("div", "plot__series");
    this.node.setAttribute("role", "group");
    this.node.setAttribute("aria-label", say("series"));
    this.panel = element("div", "plot__picker");
    this.panel.hidden = true;
    this.find = element("input", "input");
    this.find.type = "search";
    this.find.placeholder = say("find");
    this.find.setAttribute("aria-label", say("find"));
    this.find.addEventListener("input", () => this.#list());
    this.rows = element("div", "plot__rows");
    this.panel.append(this.find, this.rows);
    this.panel.addEventListener("keydown", (event) => { if (event.key === "Escape") this.open(false); });
  }

  show(all) {
    this.all = all.filter((series) => !series.ghost);
    const many = this.all.length > FEW;
    const chips = (many ? this.all.filter((series) => series.shown) : this.all).map((series) => this.#chip(series));
    this.more = null;
    if (many) {
      const shown = this.all.filter((series) => series.shown).length;
      this.more = element("button", "chip chip--more", `${this.say("channels")} ${shown}/${this.all.length}`);
      this.more.type = "button";
      this.more.setAttribute("aria-expanded", String(!this.panel.hidden));
      this.more.addEventListener("click", () => this.open(this.panel.hidden));
      chips.unshift(this.more);
    } else this.panel.hidden = true;
    this.node.replaceChildren(...chips);
    if (!this.panel.hidden) this.#list();
  }

  open(wanted) {
    this.panel.hidden = !wanted;
    this.more?.setAttribute("aria-expanded", String(wanted));
    if (wanted) {
      this.#list();
      this.find.focus();
    } else this.more?.focus();
  }

  #toggle(series) {
    series.shown = !series.shown;
    this.changed(series);
    this.show(this.all);
  }

  #chip(series) {
    const chip = element("button", "chip");
    chip.type = "button";
    chip.setAttribute("aria-pressed", String(Boolean(series.shown)));
    const key = element("span", "plot__key");
    key.style.setProperty("--key", `var(--plot-${series.colour})`);
    chip.append(key, named(series));
    chip.addEventListener("click", () => this.#toggle(series));
    return chip;
  }

  #list() {
    const wanted = this.find.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const units = new Map();
    for (const series of this.all) {
      const text = named(series).toLowerCase();
      if (!wanted.every((word) => text.includes(word))) continue;
      if (!units.has(series.unit)) units.set(series.unit, []);
      units.get(series.unit).push(series);
    }
    const groups = [...units].sort(([a], [b]) => a.localeCompare(b)).map(([unit, many]) => {
      const group = element("fieldset", "plot__unit");
      group.append(element("legend", "", unit || this.say("nounit")), ...many.map((series) => this.#row(series)));
      return group;
    });
    this.rows.replaceChildren(...(groups.length ? groups : [element("p", "muted small", this.say("nofind"))]));
  }

  #row(series) {
    const row = element("label", "plot__row");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = Boolean(series.shown);
    box.addEventListener("change", () => {
      series.shown = box.checked;
      this.changed(series);
      const open = !this.panel.hidden;
      this.show(this.all);
      this.panel.hidden = !open;
    });
    row.append(box, series.label);
    return row;
  }
}
