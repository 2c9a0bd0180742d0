"""Averages of weights, under PyTorch's names; models live in ``nn``, rates in ``lr_scheduler``."""

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {
        "flambeau.nn.averaging": (
            "AveragedModel get_ema_avg_fn get_ema_multi_avg_fn get_swa_avg_fn "
            "get_swa_multi_avg_fn update_bn"
        ),
        "flambeau.optim.lr_scheduler.averaging": "SWALR",
    },
)
