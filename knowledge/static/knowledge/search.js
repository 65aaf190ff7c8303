// The search page: <periodic-table> and <range-slider>; the form works without them. A change inside [data-held] waits for its button.

const STATES = ["must", "any", "not", ""];
const LISTS = { must: "el", any: "elany", not: "elnot" };
const KEYS = { "+": "must", m: "must", "?": "any", a: "any", "-": "not", n: "not", 0: "", Delete: "", Backspace: "" };
const STEPS = 400;

function changed(from) {
  from.dispatchEvent(new Event("change", { bubbles: true }));
}

/** Buttons that submit the form one by one become a grid: arrows move, a click or key changes the state at once. */
class PeriodicTable extends HTMLElement {
  connectedCallback() {
    this.cells = [...this.querySelectorAll("button")];
    this.form = this.closest("form");
    const first = this.cells.find((cell) => cell.dataset.state) ?? this.cells[0];
    for (const cell of this.cells) cell.tabIndex = cell === first ? 0 : -1;
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("focusin", (event) => this.#rove(event.target));
  }

  #rove(cell) {
    for (const other of this.cells) other.tabIndex = other === cell ? 0 : -1;
  }

  #click(event) {
    const cell = event.target.closest("button");
    if (!cell) return;
    event.preventDefault();
    this.#set(cell, STATES[(STATES.indexOf(cell.dataset.state) + 1) % STATES.length]);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const cell = event.target.closest("button");
    if (!cell) return;
    if (event.key in KEYS) {
      event.preventDefault();
      this.#set(cell, KEYS[event.key]);
      return;
    }
    const next = this.#beside(cell, event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  #beside(cell, key) {
    const row = Number(cell.dataset.row);
    const column = Number(cell.dataset.column);
    const at = (other) => [Number(other.dataset.row), Number(other.dataset.column)];
    const line = this.cells.filter((other) => at(other)[0] === row).sort((a, b) => at(a)[1] - at(b)[1]);
    const stack = this.cells.filter((other) => at(other)[1] === column).sort((a, b) => at(a)[0] - at(b)[0]);
    if (key === "ArrowRight") return line[line.indexOf(cell) + 1];
    if (key === "ArrowLeft") return line[line.indexOf(cell) - 1];
    if (key === "ArrowDown") return stack[stack.indexOf(cell) + 1];
    if (key === "ArrowUp") return stack[stack.indexOf(cell) - 1];
    if (key === "Home") return line[0];
    return key === "End" ? line.at(-1) : undefined;
  }

  #set(cell, state) {
    const symbol = cell.value.split(":")[0];
    for (const [name, field] of Object.entries(LISTS)) {
      const input = this.form.elements[field];
      const rest = input.value.split(",").filter((other) => other && other !== symbol);
      input.value = (name === state ? [...rest, symbol] : rest).join(",");
    }
    cell.classList.remove("element--must", "element--any", "element--not");
    if (state) cell.classList.add(`element--${state}`);
    cell.dataset.state = state;
    cell.setAttribute("aria-pressed", String(Boolean(state)));
    changed(this.form.elements.el);
  }
}

/** Two handles over a histogram; they write the two number fields of the same fieldset. */
class RangeSlider extends HTMLElement {
  connectedCallback() {
    this.querySelector(".slider__handles")?.remove();
    this.least = Number(this.dataset.least);
    this.most = Number(this.dataset.most);
    this.log = "log" in this.dataset;
    const [low, high] = this.closest("fieldset").querySelectorAll("input.input");
    this.fields = [low, high];
    this.bars = [...this.querySelectorAll(".histbar")];
    const handles = document.createElement("div");
    handles.className = "slider__handles";
    this.handles = [this.#handle(this.dataset.lowLabel, low.value, 0), this.#handle(this.dataset.highLabel, high.value, STEPS)];
    handles.append(...this.handles);
    this.append(handles);
    this.#paint();
  }

  #handle(label, text, end) {
    const handle = document.createElement("input");
    handle.type = "range";
    handle.min = 0;
    handle.max = STEPS;
    handle.step = 1;
    handle.value = text === "" ? end : this.#position(Number(text));
    const legend = this.closest("fieldset").querySelector("legend").textContent.trim();
    handle.setAttribute("aria-label", `${legend}: ${label}`);
    handle.id = `${this.fields[end ? 1 : 0].id}-handle`;
    handle.addEventListener("input", (event) => { event.stopPropagation(); this.#moved(handle); });
    handle.addEventListener("change", (event) => { event.stopPropagation(); this.#done(); });
    return handle;
  }

  #position(value) {
    const share = this.log
      ? (Math.log(value) - Math.log(this.least)) / (Math.log(this.most) - Math.log(this.least))
      : (value - this.least) / (this.most - this.least);
    return Math.min(STEPS, Math.max(0, Math.round(share * STEPS)));
  }

  #value(position) {
    const share = position / STEPS;
    const value = this.log ? this.least * (this.most / this.least) ** share : this.least + share * (this.most - this.least);
    return Number(value.toPrecision(4));
  }

  #moved(handle) {
    const [low, high] = this.handles;
    if (Number(low.value) > Number(high.value)) handle.value = handle === low ? high.value : low.value;
    this.#paint();
    this.#write();
  }

  #write() {
    const [low, high] = this.handles.map((handle) => Number(handle.value));
    this.fields[0].value = low <= 0 ? "" : this.#value(low);
    this.fields[1].value = high >= STEPS ? "" : this.#value(high);
  }

  #paint() {
    const [low, high] = this.handles.map((handle) => Number(handle.value));
    const width = STEPS / this.bars.length;
    this.bars.forEach((bar, at) => bar.classList.toggle("histbar--in", (at + 1) * width >= low && at * width <= high));
    for (const handle of this.handles) {
      handle.setAttribute("aria-valuetext", `${this.#value(Number(handle.value))} ${this.dataset.unit}`.trim());
    }
    this.handles[0].classList.toggle("above", low > STEPS / 2);
  }

  #done() {
    this.#write();
    changed(this.fields[0]);
  }
}

customElements.define("periodic-table", PeriodicTable);
customElements.define("range-slider", RangeSlider);

document.addEventListener("change", (event) => {
  if (event.target.closest("[data-held]")) event.stopImmediatePropagation();
}, true);

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-find]")) return;
  const wanted = event.target.value.trim().toLowerCase();
  for (const line of event.target.closest("[data-columns]").querySelectorAll("label.field")) {
    line.hidden = wanted !== "" && !line.textContent.toLowerCase().includes(wanted);
  }
});

function prepared() {
  for (const field of document.querySelectorAll("[data-find][hidden]")) field.hidden = false;
}

// What a person opened or closed stays so when the page's body is exchanged.
const opened = new Map();
document.addEventListener("toggle", (event) => {
  if (event.target.id && event.target.closest?.("#search-body")) opened.set(event.target.id, event.target.open);
}, true);
document.addEventListener("htmx:afterSwap", () => {
  for (const [id, open] of [...opened]) {
    const found = document.getElementById(id);
    if (found && "open" in found) found.open = open;
  }
  prepared();
});
prepared();
