"""Models by name: what there is, what is here, and how to fetch one.

catalogue   the models persona knows, ``models.yaml``
spec        what ``--model`` may say
shelf       files on this machine, and the record of what they were
installed   which models are here
download    one file, resumed and checked
pull        a model off the hub; the only part that imports huggingface_hub
"""
