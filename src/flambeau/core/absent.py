"""What PyTorch has and flambeau leaves out on purpose, and what to use in its place."""

from __future__ import annotations

SPARSE = "tensors are dense; embeddings take sparse=True for optim.SparseAdam"

ABSENT = {
    "_dynamo": "flambeau.compile() has no graph breaks to look into; see step.report()",
    "_inductor": "flambeau.compile() takes no settings; see step.report()",
    "_logging": "step.report() of a compiled function says what was done",
    "ao": "there is no quantisation",
    "classes": "write custom classes in Python",
    "export": "save a state_dict with flambeau.save(), and rebuild the model in code",
    "fx": "step.program() of a compiled function is the text of its operations",
    "futures": "use Python's own concurrent.futures",
    "hub": "build the model in code, and load its weights with flambeau.load()",
    "jagged": "pad with nn.utils.rnn.pad_sequence(), or pack with pack_padded_sequence()",
    "jit": "compile with flambeau.compile(); save a state_dict with flambeau.save()",
    "library": "write an operation with a gradient as a flambeau.autograd.Function",
    "multiprocessing": "use Python's own multiprocessing; data loaders have worker processes",
    "nested": "pad with nn.utils.rnn.pad_sequence(), or pack with pack_padded_sequence()",
    "onnx": "save a state_dict with flambeau.save(), and load it where the model is exported",
    "overrides": "there is one class of tensors; wrap functions in Python",
    "package": "save a state_dict with flambeau.save()",
    "quantization": "there is no quantisation",
    "serialization": "flambeau.load() builds tensors and plain containers only, so it is safe",
    "sparse": SPARSE,
    "sparse_coo_tensor": SPARSE,
    "sparse_csr_tensor": SPARSE,
}

_MEMBERS = {
    SPARSE: (
        "ccol_indices coalesce col_indices crow_indices dense_dim indices is_coalesced "
        "resize_as_sparse_ row_indices smm sparse_dim sparse_mask sparse_resize_ "
        "sparse_resize_and_clear_ sspaddmm to_sparse to_sparse_bsc to_sparse_bsr to_sparse_coo "
        "to_sparse_csc to_sparse_csr values"
    ),
    "there is no quantisation": (
        "dequantize int_repr q_per_channel_axis q_per_channel_scales q_per_channel_zero_points "
        "q_scale q_zero_point qscheme"
    ),
    "there is one device, the CPU": "ipu mtia record_stream to_mkldnn xpu",
    "use flambeau.linalg": "eig lstsq solve symeig",
}
MEMBERS = {name: advice for advice, names in _MEMBERS.items() for name in names.split()}


class Absent:
    """Stands for a member of tensors that is not there; says so.

    A ``__getattr__`` of the class would take a tenth of a microsecond from every operation:
    Python then no longer remembers where it finds the members that are there.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> object:
        if instance is None:
            raise AttributeError(f"type object 'Tensor' has no attribute {self.name!r}")
        raise AttributeError(f"a tensor has no {self.name!r}: {MEMBERS[self.name]}")


class Lacking:
    """The base of a class that lacks ``MEMBERS``: asking for one of them is an error that helps."""

    __slots__ = ()


for _name in MEMBERS:
    setattr(Lacking, _name, Absent(_name))
