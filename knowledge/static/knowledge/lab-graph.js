// <lab-graph data-source="/json/url" data-label="...">: draws a small graph; the page lists the same edges as text beside it.
//
// JSON: {"nodes": [{"id", "kind", "kind_label", "label", "url"}],
//        "edges": [{"source", "target", "label", "records": [{"id", "url"}]}]}
// A click or tap tells what a node or an edge is and where its records are; Enter opens the node that is told.
import cytoscape from "../vendor/cytoscape.esm.min.mjs";

const COLOURS = {
  material: "--plot-1", element: "--plot-3", spacegroup: "--plot-2", class: "--plot-4",
  prototype: "--plot-5", dataset: "--plot-8", record: "--plot-6", entry: "--plot-7",
};
// From what is alike, over what is shared, to the material, its records and their data sets.
const COLUMNS = { element: 1, spacegroup: 1, class: 1, prototype: 1, record: 3, dataset: 4, entry: 4 };

// Cytoscape would add a style element, which the page's security policy refuses; an element of that id stops it.
function withoutOwnStyles() {
  const id = "__________cytoscape_stylesheet";
  if (document.getElementById(id)) return;
  const mark = document.createElement("meta");
  mark.id = id;
  document.head.append(mark);
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function link(url, text) {
  const made = document.createElement("a");
  made.href = url;
  made.textContent = text;
  return made;
}

class LabGraph extends HTMLElement {
  async connectedCallback() {
    if (this.canvas) return;
    this.canvas = document.createElement("div");
    this.canvas.className = "lab-graph__canvas";
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", this.dataset.label ?? "");
    this.told = document.createElement("p");
    this.told.className = "lab-graph__told";
    this.told.setAttribute("aria-live", "polite");
    this.append(this.canvas, this.told);
    this.theme = new MutationObserver(() => this.graph?.style(this.#style()));
    this.theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.onscheme = () => this.graph?.style(this.#style());
    this.scheme.addEventListener("change", this.onscheme);
    const answer = await fetch(this.dataset.source, { headers: { Accept: "application/json" } });
    if (!answer.ok) return this.remove();
    this.#draw(await answer.json());
  }

  disconnectedCallback() {
    this.theme?.disconnect();
    this.scheme?.removeEventListener("change", this.onscheme);
    this.resize?.disconnect();
    this.graph?.destroy();
  }

  #draw(found) {
    withoutOwnStyles();
    const there = new Set(found.nodes.map((node) => node.id));
    const edges = found.edges.filter((edge) => there.has(edge.source) && there.has(edge.target));
    this.center = edges[0]?.source;
    this.graph = cytoscape({
      container: this.canvas,
      elements: [
        ...found.nodes.map((node) => ({ data: { ...node, center: node.id === this.center ? 1 : 0 } })),
        ...edges.map((edge, at) => ({ data: { ...edge, id: `edge ${at}` } })),
      ],
      style: this.#style(),
      layout: { name: "preset", positions: this.#places(found.nodes), fit: false },
      userZoomingEnabled: false,
      userPanningEnabled: false,
    });
    this.graph.on("tap", "node", (event) => this.#tellNode(event.target));
    this.graph.on("tap", "edge", (event) => this.#tellEdge(event.target));
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    this.resize = new ResizeObserver(() => this.#arrange(found.nodes));
    this.resize.observe(this.canvas);
  }

  #places(nodes) {
    const column = (node) => (node.id === this.center ? 2 : COLUMNS[node.kind] ?? 0);
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const places = {};
    for (const at of [0, 1, 2, 3, 4]) {
      const here = nodes.filter((node) => column(node) === at);
      here.forEach((node, row) => {
        places[node.id] = { x: ((at + 0.5) / 5) * width, y: ((row + 0.42) / here.length) * height };
      });
    }
    return places;
  }

  #arrange(nodes) {
    const places = this.#places(nodes);
    this.graph.resize();
    this.graph.nodes().positions((node) => places[node.id()]);
    this.graph.style(this.#style());
    this.graph.reset();
  }

  #key(event) {
    const nodes = this.graph.nodes();
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      this.at = ((this.at ?? -step) + step + nodes.length) % nodes.length;
      this.#tellNode(nodes[this.at]);
    } else if (event.key === "Enter" && this.at !== undefined) {
      location.assign(nodes[this.at].data("url"));
    }
  }

  #tellNode(node) {
    this.graph.elements().unselect();
    node.select();
    const { kind_label: kind, label, url } = node.data();
    this.told.replaceChildren(`${kind}: `, link(url, label));
  }

  #tellEdge(edge) {
    const { label, records } = edge.data();
    const words = `${edge.source().data("label")} ${label} ${edge.target().data("label")} — `;
    this.told.replaceChildren(words, ...records.map((record) => link(record.url, record.id)));
  }

  #style() {
    const kinds = Object.entries(COLOURS).map(([kind, name]) => ({
      selector: `node[kind = "${kind}"]`,
      style: { "background-color": colour(name) },
    }));
    return [
      {
        selector: "node",
        style: {
          label: "data(label)", width: 16, height: 16, color: colour("--text"), "font-size": 11, "text-valign": "bottom", "text-margin-y": 3,
          "text-wrap": "ellipsis", "text-max-width": this.canvas.clientWidth / 5 - 4, "text-background-color": colour("--bg"), "text-background-opacity": 0.8,
        },
      },
      ...kinds,
      { selector: "node[center = 1]", style: { width: 28, height: 28, "font-size": 14, "font-weight": 600 } },
      { selector: "node:selected", style: { "border-width": 3, "border-color": colour("--accent") } },
      { selector: "edge", style: { width: 1.2, "line-color": colour("--border"), "curve-style": "straight" } },
      { selector: "edge:selected", style: { width: 3, "line-color": colour("--accent") } },
    ];
  }
}

customElements.define("lab-graph", LabGraph);
