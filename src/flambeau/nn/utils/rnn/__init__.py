"""PyTorch's path for sequences of several lengths."""

from flambeau.nn.packed_sequences import PackedSequence as PackedSequence
from flambeau.nn.packed_sequences import invert_permutation as invert_permutation
from flambeau.nn.packed_sequences import pack_padded_sequence as pack_padded_sequence
from flambeau.nn.packed_sequences import pack_sequence as pack_sequence
from flambeau.nn.packed_sequences import pad_packed_sequence as pad_packed_sequence
from flambeau.nn.packed_sequences import pad_sequence as pad_sequence
from flambeau.nn.packed_sequences import unpack_sequence as unpack_sequence
from flambeau.nn.packed_sequences import unpad_sequence as unpad_sequence
