"""The maintainers' corner: fit the expectation on published measurements, validate it, compare with other calculators.

    python -m lessonlib.roofline.calibrate.validation     what the page `validation` shows, as text
    python -m lessonlib.roofline.calibrate.fit            the fit and its cross-validated errors; --write keeps it

It reads the engine; nothing of the engine reads it.
"""
