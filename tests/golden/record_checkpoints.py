"""Record files that PyTorch writes into checkpoints/: `python -m tests.golden.record_checkpoints`.

Each holds values that can be told from its name (see tests/checkpoint/test_golden.py).
"""

from collections import Counter, OrderedDict
from pathlib import Path

import torch

TARGET = Path(__file__).with_name("checkpoints")
DTYPES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "float16",
    "bfloat16", "float32", "float64", "complex64", "complex128",
]  # fmt: skip


def module_state() -> object:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    with torch.no_grad():
        for number, parameter in enumerate(model.parameters()):
            parameter.copy_(torch.arange(parameter.numel()).view_as(parameter) + number)
    return model.state_dict()


def optimizer_state() -> object:
    weight = torch.nn.Parameter(torch.ones(2, 3))
    optimizer = torch.optim.Adam([weight], lr=0.5, betas=(0.5, 0.75))
    weight.grad = torch.arange(6.0).view(2, 3)
    optimizer.step()
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10, gamma=0.5)
    return {"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict(), "epoch": 3}


def layouts() -> object:
    x = torch.arange(24.0).view(2, 3, 4)
    return {
        "whole": x, "transposed": x.transpose(0, 2), "part": x[1, :, ::2], "number": x[1, 2, 3],
        "expanded": x[0, 0, :1].expand(5, 1), "empty": torch.empty(0, 3),
        "channels_last": torch.arange(16.0).view(1, 2, 2, 4).to(memory_format=torch.channels_last),
    }  # fmt: skip


def parameters() -> object:
    shared = torch.arange(4.0)
    noted = torch.nn.Parameter(torch.ones(2))
    noted.note = "mine"
    plain = torch.zeros(1)
    plain.note = [1, torch.ones(1)]
    return {
        "parameter": torch.nn.Parameter(shared), "frozen": torch.nn.Parameter(shared[1:], False),
        "leaf": torch.ones(1, requires_grad=True), "noted": noted, "plain": plain,
        "buffer": torch.nn.Buffer(torch.ones(1)),
    }  # fmt: skip


def containers() -> object:
    return {
        "numbers": [0, -1, 300, 70000, -(2**40), 2**70, 0.1, float("inf"), 1 - 2j, True, None],
        "text": ["", "ä€𝄞", b"", b"\x00\xff", bytearray(b"ab")],
        "nested": OrderedDict([("a", (1, (2, [3, {"b": set("x")}]))), (4, Counter("aab"))]),
        "names": [torch.float16, torch.Size([2, 0]), torch.device("cuda", 1), torch.strided],
    }


def dtypes() -> object:
    return {name: torch.tensor([0, 1, 1], dtype=getattr(torch, name)) for name in DTYPES}


def lazy_bits() -> object:
    x = torch.complex(torch.tensor([1.0, 2.0]), torch.tensor([3.0, -4.0]))
    return {"x": x, "conj": x.conj(), "neg": x.clone().conj().imag}


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    recorders = (
        module_state, optimizer_state, layouts, parameters, containers, dtypes, lazy_bits,
    )  # fmt: skip
    for recorder in recorders:
        torch.save(recorder(), TARGET / f"{recorder.__name__}.pt")
    torch.save(layouts(), TARGET / "protocol_4.pt", pickle_protocol=4)
    torch.serialization.set_crc32_options(False)
    torch.save(layouts(), TARGET / "unchecked.pt")
    torch.serialization.set_crc32_options(True)
    torch.save({"a": 1}, TARGET / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(torch.nn.Linear(1, 1), TARGET / "module.pt")
    torch.jit.script(torch.nn.Linear(1, 1)).save(TARGET / "script.pt")
    torch.save(torch.arange(3.0).storage(), TARGET / "storage.pt")
    torch.save(torch.eye(2).to_sparse(), TARGET / "sparse.pt")
    print(sum(path.stat().st_size for path in TARGET.iterdir()), "bytes")


if __name__ == "__main__":
    main()
