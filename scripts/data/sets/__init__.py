"""One module a public set: a thin reader, and a pure function from rows to samples.

The imports in here are relative, unlike elsewhere: the package is ``sets`` when
load.py is run by its path, ``scripts.data.sets`` in a checkout's tests, and
``persona_cli.scripts.data.sets`` once installed.
"""
