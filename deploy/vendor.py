"""Copy third-party front-end parts from node_modules to where the site serves them; no CDN, no bundler."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = {
    "3dmol/build/3Dmol-min.js": "3Dmol-min.js",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "uplot/dist/uPlot.esm.js": "uPlot.esm.js",
    "uplot/dist/uPlot.min.css": "uPlot.min.css",
    "cytoscape/dist/cytoscape.esm.min.mjs": "cytoscape.esm.min.mjs",
}


def main() -> None:
    """Copy every part; a missing one stops the set-up."""
    target = ROOT / "eln" / "ui" / "static" / "vendor"
    target.mkdir(parents=True, exist_ok=True)
    for source, name in PARTS.items():
        shutil.copyfile(ROOT / "node_modules" / source, target / name)


if __name__ == "__main__":
    main()
