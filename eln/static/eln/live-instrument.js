// <live-instrument data-stream="...">: feeds the plot, the alerts and the run line of an instrument's page from server-sent events.
// data-history: columns of the last ?seconds=, and with ?compare=1 the run before; data-watch: where a choice is remembered.
import "../ui/components/lab-plot.js";

const SILENT_AFTER_S = 10;
const REMEMBER_AFTER_MS = 800;

function part(id) {
  return document.getElementById(id);
}

function clock(iso) {
  return new Date(iso).toLocaleTimeString(undefined, { hour12: false });
}

class LiveInstrument extends HTMLElement {
  async connectedCallback() {
    this.plot = part("live-plot");
    this.logs = JSON.parse(this.dataset.logs || "{}");
    this.plot.logs = this.logs;
    this.plot.show({ x: { time: true }, series: [] });
    part("live-pause").addEventListener("click", () => this.pause());
    part("live-window").addEventListener("change", () => this.window());
    part("live-compare").addEventListener("click", () => this.compare());
    this.plot.addEventListener("plotchosen", (event) => this.remember(event.detail));
    await this.history();
    this.listen();
  }

  disconnectedCallback() {
    this.source?.close();
  }

  listen() {
    const address = new URL(this.dataset.stream, location.href);
    if (this.until) address.searchParams.set("after", this.until);
    this.source = new EventSource(address);
    this.source.addEventListener("message", (event) => this.take(JSON.parse(event.data)));
    this.source.addEventListener("error", () => { this.lost = true; this.state("lost", "bad"); });
    this.source.addEventListener("end", () => { this.source.close(); location.reload(); });
  }

  /** What was measured before the stream goes on. */
  async history() {
    const seconds = Number(part("live-window").value);
    this.plot.span = seconds;
    try {
      const answer = await fetch(`${this.dataset.history}?seconds=${seconds}`);
      if (!answer.ok) return;
      const past = await answer.json();
      this.until = past.until;
      if (past.series.length) {
        this.plot.show(past);
        this.begun = true;
      }
      if (part("live-compare").getAttribute("aria-pressed") === "true") await this.overlay();
    } catch { /* the stream brings the last minutes all the same */ }
  }

  async window() {
    this.source.close();
    this.remember({ window_s: Number(part("live-window").value) });
    await this.history();
    this.listen();
  }

  async compare() {
    const button = part("live-compare");
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    if (on) await this.overlay();
    else this.plot.overlay(null);
  }

  async overlay() {
    const button = part("live-compare");
    button.disabled = true;
    try {
      const answer = await fetch(`${this.dataset.history}?compare=1`);
      const before = await answer.json();
      this.plot.overlay(before.series.length ? before : { series: [], label: button.dataset.none });
    } finally {
      button.disabled = false;
    }
  }

  remember(choice) {
    this.choice = { ...this.choice, ...choice };
    clearTimeout(this.remembering);
    this.remembering = setTimeout(() => {
      const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
      fetch(this.dataset.watch, { method: "POST", headers: { "X-CSRFToken": token, "Content-Type": "application/json" }, body: JSON.stringify(this.choice) });
    }, REMEMBER_AFTER_MS);
  }

  pause() {
    const button = part("live-pause");
    this.plot.paused = !this.plot.paused;
    button.setAttribute("aria-pressed", String(this.plot.paused));
    button.textContent = this.plot.paused ? button.dataset.resume : button.dataset.pause;
    if (!this.plot.paused) this.plot.resume();
  }

  state(name, kind) {
    const badge = part("live-state");
    badge.textContent = badge.dataset[name];
    badge.className = `badge badge--dot badge--${kind}`;
  }

  take(message) {
    if (this.lost) {
      this.lost = false;
      this.state("back", "ok");
    } else if (message.lag === null || message.lag > SILENT_AFTER_S) this.state("silent", "warn");
    else this.state(this.plot.paused ? "paused" : "live", this.plot.paused ? "info" : "ok");
    part("live-lag").textContent = message.lag === null ? "–" : `${message.lag.toFixed(1)} s`;
    this.run(message.run);
    for (const alert of message.alerts.slice().reverse()) this.alert(alert);
    if (!message.series.length && !message.marks.length) return;
    if (!this.begun && message.series.length) {
      this.begun = true;
      this.plot.show({ x: { time: true }, series: message.series, marks: message.marks });
    } else this.plot.append({ x: { time: true }, series: message.series, marks: message.marks });
    for (const alert of message.alerts) if (!alert.ended) this.plot.reveal(alert.channel);
  }

  run(run) {
    const line = part("live-run");
    if (!run) {
      line.textContent = line.dataset.none;
      return;
    }
    const title = document.createElement("a");
    title.textContent = run.title;
    title.href = this.dataset.run.replace("UID", encodeURIComponent(run.uid));
    const badge = document.createElement("span");
    badge.className = "badge badge--info badge--dot";
    badge.textContent = line.dataset.running;
    line.replaceChildren(badge, " ", title, run.step ? ` · ${run.step}` : "", ` · ${clock(run.started)}`);
  }

  alert(alert) {
    const list = part("live-alerts");
    list.querySelector("[data-none]")?.remove();
    let row = list.querySelector(`[data-alert="${alert.id}"]`);
    if (!row) {
      row = document.createElement("div");
      row.className = "stack stack--tight";
      row.dataset.alert = alert.id;
      list.prepend(row);
    }
    const head = document.createElement("div");
    head.className = "cluster";
    const kind = document.createElement("span");
    kind.className = `badge badge--${alert.ended ? "warn" : "bad"}`;
    kind.textContent = alert.kind;
    const channel = document.createElement("strong");
    channel.textContent = alert.channel;
    const when = document.createElement("span");
    when.className = "muted small";
    when.textContent = clock(alert.started) + (alert.ended ? ` (${list.dataset.over})` : "");
    head.append(kind, channel, when);
    const reason = document.createElement("p");
    reason.className = "small";
    reason.textContent = alert.reason;
    row.replaceChildren(head, reason);
    while (list.children.length > 50) list.lastElementChild.remove();
  }
}

customElements.define("live-instrument", LiveInstrument);
