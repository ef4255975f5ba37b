"""What the words of the lessons name: one package a lesson, and ``shared`` for what several of them name.

In ``lesson_NN`` each module directly below is searched for workings (public functions of a lab), each module in
``plots/`` is a still figure (``draw(lab)``) and each module in ``pictures/`` an animated one (``NEEDS`` and
``draw(given, prefix)``), called by the name of its file. Nothing is listed anywhere else.
"""
