"""Pruning beside PyTorch's."""

import pytest

from tests.nn.side_by_side import assert_both_see_the_same

torch = pytest.importorskip("torch")
pytest.importorskip("torch.nn.utils.prune")
pytestmark = pytest.mark.peers


def test_each_method_and_their_combinations():
    def script(L, nn, note):
        prune = nn.utils.prune
        for amount in (0, 2, 0.3, 1.0):
            layer = prune.l1_unstructured(nn.Linear(4, 3), "weight", amount)
            note(layer.weight, layer.weight_mask, list(layer.state_dict()), layer(L.ones(1, 4)))
            prune.random_unstructured(layer, "bias", amount)
            note(layer.bias, layer.bias_mask, L.rand(1))
            note(prune.random_structured(nn.Linear(4, 3), "weight", amount, 1).weight, L.rand(1))
            for dim in (0, 1, -1):
                note(prune.ln_structured(nn.Linear(4, 3), "weight", amount, 2, dim).weight)
        layer = nn.Linear(4, 3)
        prune.l1_unstructured(layer, "weight", 3)
        prune.random_unstructured(layer, "weight", 0.5)
        prune.ln_structured(layer, "weight", 1, float("inf"), 0)
        prune.random_structured(layer, "weight", 1, 1)
        prune.custom_from_mask(layer, "weight", L.tensor([[1, 1, 1, 0]] * 3))
        prune.identity(layer, "weight")
        note(layer.weight, layer.weight_mask)
        (hook,) = layer._forward_pre_hooks.values()
        note(len(hook), type(hook).__name__, [type(m).__name__ for m in hook])
        note(prune.is_pruned(layer), prune.is_pruned(nn.Linear(1, 1)))
        layer(L.ones(1, 4)).sum().backward()
        note(layer.weight_orig.grad)
        prune.remove(layer, "weight")
        note(layer.weight, list(layer.state_dict()), type(layer.weight).__name__)
        note(prune.is_pruned(layer), layer.weight.requires_grad)

    assert_both_see_the_same(script)


def test_scores_and_several_parameters():
    def script(L, nn, note):
        prune = nn.utils.prune
        scores = L.arange(12.0).reshape(3, 4)
        note(prune.l1_unstructured(nn.Linear(4, 3), "weight", 5, scores).weight_mask)
        note(prune.ln_structured(nn.Linear(4, 3), "weight", 1, 1, 1, scores).weight_mask)
        model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
        pairs = [(model[0], "weight"), (model[1], "weight")]
        prune.global_unstructured(pairs, prune.L1Unstructured, amount=0.4)
        note(model[0].weight, model[1].weight)
        prune.global_unstructured(
            pairs, prune.L1Unstructured, {(model[0], "weight"): scores}, amount=3
        )
        note(model[0].weight, model[1].weight)
        method = prune.L1Unstructured(2)
        note(method.prune(scores), method.prune(scores, L.zeros(3, 4)))
        note(method.prune(L.ones(3, 4), importance_scores=scores))

        class Even(prune.BasePruningMethod):
            PRUNING_TYPE = "global"

            def compute_mask(self, t, default_mask):
                mask = default_mask.clone()
                mask.view(-1)[::2] = 0
                return mask

        layer = nn.Linear(4, 3)
        Even.apply(layer, "weight")
        note(layer.weight)

    assert_both_see_the_same(script)


def test_errors():
    def script(L, nn, note):
        prune = nn.utils.prune
        layer = nn.Linear(4, 3)
        for amount in (-1, 1.5, -0.1, 13, "text"):
            note.error(lambda: prune.l1_unstructured(layer, "weight", amount))  # noqa: B023
            note.error(lambda: prune.random_structured(layer, "weight", amount, 0))  # noqa: B023
        note(sorted(layer.state_dict()))
        note.error(lambda: prune.ln_structured(layer, "bias", 1, 2, 0))
        note.error(lambda: prune.ln_structured(layer, "weight", 1, 2, 2))
        note.error(lambda: prune.custom_from_mask(layer, "weight", L.ones(2)))
        note.error(lambda: prune.l1_unstructured(layer, "weight", 1, L.ones(2)))
        note.error(lambda: prune.remove(layer, "weight"))
        note.error(lambda: prune.l1_unstructured(layer, "other", 1))
        note.error(lambda: prune.global_unstructured(3, prune.L1Unstructured, amount=1))
        note.error(
            lambda: prune.global_unstructured([(layer, "weight")], prune.RandomStructured, amount=1)
        )
        note.error(lambda: prune.BasePruningMethod())
        note.error(lambda: prune.L1Unstructured(1).apply_mask(layer))
        note.error(lambda: prune.PruningContainer().add_pruning_method("text"))

    assert_both_see_the_same(script)
