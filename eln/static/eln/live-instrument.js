// <live-instrument data-stream="...">: feeds the plot, the alerts and the run line of an instrument's page from server-sent events.
import "../ui/components/lab-plot.js";

const SPAN_S = 900;
const SILENT_AFTER_S = 10;

function part(id) {
  return document.getElementById(id);
}

function clock(iso) {
  return new Date(iso).toLocaleTimeString(undefined, { hour12: false });
}

class LiveInstrument extends HTMLElement {
  connectedCallback() {
    this.plot = part("live-plot");
    this.plot.span = SPAN_S;
    this.plot.show({ x: { time: true }, series: [] });
    part("live-pause").addEventListener("click", () => this.pause());
    this.source = new EventSource(this.dataset.stream);
    this.source.addEventListener("message", (event) => this.take(JSON.parse(event.data)));
    this.source.addEventListener("error", () => this.state("lost", "bad"));
    this.source.addEventListener("end", () => { this.source.close(); location.reload(); });
  }

  disconnectedCallback() {
    this.source?.close();
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
    if (message.lag === null || message.lag > SILENT_AFTER_S) this.state("silent", "warn");
    else this.state(this.plot.paused ? "paused" : "live", this.plot.paused ? "info" : "ok");
    part("live-lag").textContent = message.lag === null ? "–" : `${message.lag.toFixed(1)} s`;
    this.run(message.run);
    for (const alert of message.alerts.slice().reverse()) this.alert(alert);
    if (!message.series.length && !message.marks.length) return;
    if (!this.shown && message.series.length) {
      this.shown = true;
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
    const title = document.createElement(run.entry ? "a" : "span");
    title.textContent = run.title;
    if (run.entry) title.href = this.dataset.entry.replace("/0/", `/${run.entry}/`);
    line.replaceChildren(`${line.dataset.running}: `, title, run.step ? ` · ${run.step}` : "", ` · ${clock(run.started)}`);
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
