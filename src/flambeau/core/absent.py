"""What PyTorch has and flambeau leaves out on purpose, and what to use in its place."""

from __future__ import annotations

ABSENT = {
    "_dynamo": "flambeau.compile() has no graph breaks to look into; see step.report()",
    "_inductor": "flambeau.compile() takes no settings; see step.report()",
    "ao": "there is no quantisation",
    "distributed": "there is one process; guard its use, as for a GPU",
    "export": "save a state_dict with flambeau.save(), and rebuild the model in code",
    "fx": "step.program() of a compiled function is the text of its operations",
    "hub": "build the model in code, and load its weights with flambeau.load()",
    "jit": "compile with flambeau.compile(); save a state_dict with flambeau.save()",
    "multiprocessing": "use Python's own multiprocessing; data loaders have worker processes",
    "onnx": "save a state_dict with flambeau.save(), and load it where the model is exported",
    "package": "save a state_dict with flambeau.save()",
    "quantization": "there is no quantisation",
    "sparse": "tensors are dense; embeddings take sparse=True for optim.SparseAdam",
}
