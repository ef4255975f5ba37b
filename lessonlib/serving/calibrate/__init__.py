"""The maintainers' corner: fit the expectation on published measurements of steps, kernels and served engines.

python -m lessonlib.serving.calibrate.fit            the fit and its errors on sources left out
python -m lessonlib.serving.calibrate.fit --write    the same, and keeps data/efficiency.json
"""
