

@DOSE_UNITS.quirk("dose-units-in-lower-case", vendor="several", example="Dose Units 'Gy'")
def lower_case_units(units: str) -> Mended[str] | None:
    """Dose units in lower or mixed case are read as if in capitals."""
    if units == units.upper():
        return None
    return Mended(units.upper(), say("dose units written in lower case"))
