"""Compile the gettext catalogues (.po -> .mo) with polib, so that a machine without GNU gettext can set the site up."""

from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Compile every catalogue of every package."""
    for catalogue in sorted(ROOT.glob("*/locale/*/LC_MESSAGES/*.po")):
        polib.pofile(str(catalogue)).save_as_mofile(str(catalogue.with_suffix(".mo")))


if __name__ == "__main__":
    main()
