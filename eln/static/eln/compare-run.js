// <compare-run>: a choice of runs; the chosen one is laid under a plot as thin lines.
class CompareRun extends HTMLElement {
  connectedCallback() {
    const choice = this.querySelector("[data-compare]");
    choice?.addEventListener("change", () => this.lay(choice));
  }

  async lay(choice) {
    const plot = document.querySelector(choice.dataset.compare);
    if (!choice.value) {
      plot.overlay(null);
      return;
    }
    choice.disabled = true;
    try {
      const answer = await fetch(choice.value, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      plot.overlay(await answer.json());
    } catch (error) {
      plot.overlay({ series: [], label: `${document.getElementById("ui-text").dataset.failed} (${error.message})` });
    } finally {
      choice.disabled = false;
    }
  }
}

customElements.define("compare-run", CompareRun);
