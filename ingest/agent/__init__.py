"""The daemon beside the instrument: spools what its sources see, ships it, interprets nothing; no Django, no numpy."""

VERSION = "0.1.0"
