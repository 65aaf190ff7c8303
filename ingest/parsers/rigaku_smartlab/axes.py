"""What Rigaku calls the axes of a goniometer, in the words of the quantity registry."""

# the axis of a coupled scan is written with the position of its first drive
QUANTITIES = {
    "TwoTheta": "two_theta",
    "TwoThetaTheta": "two_theta",
    "TwoThetaOmega": "two_theta",
    "TwoThetaChi": "two_theta",
    "TwoThetaChiPhi": "two_theta",
    "2-Theta": "two_theta",
    "2-Theta/Theta": "two_theta",
    "2-Theta/Omega": "two_theta",
    "2theta": "two_theta",
    "Omega": "omega",
    "OmegaTwoTheta": "omega",
    "Chi": "chi",
    "Phi": "phi",
    "X": "position",
    "Y": "position",
    "Z": "position",
}
UNITS = {
    "deg": "deg",
    "deg.": "deg",
    "mm": "mm",
    "counts": "counts",
    "cps": "cps",
    "counts/sec": "cps",
    "C": "degC",
    "K": "K",
    "sec": "s",
}


def unit_of(text: str | None) -> str | None:
    """The unit as the registry spells it; none for none, the text itself where it is not known."""
    return UNITS.get((text or "").strip(), (text or "").strip() or None)
