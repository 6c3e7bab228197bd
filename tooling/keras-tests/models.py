"""Some 160 Keras models with random weights, their inputs and their answers, for `npx pnpm keras`.

pip install keras torch, then: python tooling/keras-tests/models.py FOLDER [NAME ...]

The fixtures of packages/interop are a few of them: python tooling/keras-tests/models.py --fixtures
"""
import json
import os
import pathlib
import sys
import warnings
import zipfile

os.environ.setdefault("KERAS_BACKEND", "torch")
warnings.filterwarnings("ignore")

import keras
import numpy as np
from keras import layers as L
from keras import ops

N, T, D, U, SYMBOLS = 3, 6, 4, 5, 7


def x(*shape):
    return keras.Input(shape or (T, D))


def sequential(*parts, shape=(T, D), dtype="float32"):
    return keras.Sequential([keras.Input(shape, dtype=dtype), *parts])


def tokens(*parts, mask=False):
    return sequential(L.Embedding(SYMBOLS, D, mask_zero=mask), *parts, shape=(T,), dtype="int32")


def one(layer, **options):
    return lambda: sequential(layer(), **options)


MODELS = {}


def model(name):
    def keep(make):
        MODELS[name] = make
        return make
    return keep


# Recurrent layers: kind × what they return.
for kind in ("LSTM", "GRU", "SimpleRNN"):
    layer = getattr(L, kind)
    MODELS[f"{kind}"] = one(lambda layer=layer: layer(U))
    MODELS[f"{kind} sequences"] = one(lambda layer=layer: layer(U, return_sequences=True))
    MODELS[f"{kind} backwards"] = one(lambda layer=layer: layer(U, go_backwards=True))
    MODELS[f"{kind} backwards sequences"] = one(lambda layer=layer: layer(U, return_sequences=True, go_backwards=True))
    MODELS[f"{kind} without bias"] = one(lambda layer=layer: layer(U, use_bias=False))
    MODELS[f"{kind} unrolled"] = one(lambda layer=layer: layer(U, unroll=True))
    MODELS[f"{kind} with dropout"] = one(lambda layer=layer: layer(U, dropout=0.2, recurrent_dropout=0.3))
    MODELS[f"{kind} relu"] = one(lambda layer=layer: layer(U, activation="relu", return_sequences=True))
    MODELS[f"{kind} linear"] = one(lambda layer=layer: layer(U, activation=None))
    MODELS[f"{kind} state"] = lambda layer=layer: (lambda i: keras.Model(i, layer(U, return_state=True)(i)))(x())
    MODELS[f"{kind} sequences and state"] = lambda layer=layer: (
        lambda i: keras.Model(i, layer(U, return_sequences=True, return_state=True)(i)))(x())
    MODELS[f"{kind} stateful"] = lambda layer=layer: (
        lambda i: keras.Model(i, layer(U, stateful=True)(i)))(keras.Input(batch_shape=(N, T, D)))
    MODELS[f"{kind} masked left"] = lambda layer=layer: sequential(L.Masking(), layer(U, return_sequences=True), layer(U))
    MODELS[f"{kind} mask_zero"] = lambda layer=layer: tokens(layer(U, return_sequences=True), L.Dense(2), mask=True)
    MODELS[f"{kind} two directions"] = one(lambda layer=layer: L.Bidirectional(layer(U, return_sequences=True)))
    MODELS[f"{kind} two directions, last"] = one(lambda layer=layer: L.Bidirectional(layer(U)))
    MODELS[f"{kind} two directions, the first backwards"] = one(lambda layer=layer: L.Bidirectional(
        layer(U, return_sequences=True, go_backwards=True), backward_layer=layer(U, return_sequences=True)))
    MODELS[f"{kind} two directions, masked"] = lambda layer=layer: sequential(
        L.Masking(), L.Bidirectional(layer(U, return_sequences=True)), L.Bidirectional(layer(U)))

MODELS["LSTM hard_sigmoid"] = one(lambda: L.LSTM(U, recurrent_activation="hard_sigmoid", return_sequences=True))
MODELS["LSTM softsign gates"] = one(lambda: L.LSTM(U, activation="softsign", recurrent_activation="softsign"))
MODELS["GRU hard_sigmoid"] = one(lambda: L.GRU(U, recurrent_activation="hard_sigmoid"))
MODELS["GRU reset before"] = one(lambda: L.GRU(U, reset_after=False, return_sequences=True))
MODELS["GRU reset before, elu"] = one(lambda: L.GRU(U, reset_after=False, activation="elu"))
MODELS["GRU reset before, no bias"] = one(lambda: L.GRU(U, reset_after=False, use_bias=False))
MODELS["LSTM zero_output_for_mask"] = lambda: sequential(L.Masking(), L.LSTM(U, return_sequences=True, zero_output_for_mask=True))
MODELS["LSTM elu, masked"] = lambda: sequential(L.Masking(), L.LSTM(U, activation="elu", return_sequences=True))
MODELS["LSTM backwards, masked"] = lambda: sequential(L.Masking(), L.LSTM(U, go_backwards=True, return_sequences=True))

for mode in ("sum", "mul", "ave", "concat"):
    MODELS[f"merge_mode {mode}"] = one(lambda mode=mode: L.Bidirectional(L.GRU(U, return_sequences=True), merge_mode=mode))
MODELS["merge_mode None"] = lambda: (lambda i: keras.Model(i, L.Bidirectional(L.LSTM(U, return_sequences=True), merge_mode=None)(i)))(x())
MODELS["two directions, state"] = lambda: (lambda i: keras.Model(i, L.Bidirectional(L.LSTM(U, return_sequences=True, return_state=True))(i)))(x())
MODELS["two directions, different layers"] = one(lambda: L.Bidirectional(L.LSTM(U), backward_layer=L.GRU(U, go_backwards=True)))
MODELS["two directions, stateful"] = lambda: (
    lambda i: keras.Model(i, L.Bidirectional(L.GRU(U, stateful=True, return_sequences=True))(i)))(keras.Input(batch_shape=(N, T, D)))

for cell in ("LSTMCell", "GRUCell", "SimpleRNNCell"):
    MODELS[f"RNN of {cell}"] = one(lambda cell=cell: L.RNN(getattr(L, cell)(U), return_sequences=True))
MODELS["RNN of a stack"] = one(lambda: L.RNN([L.LSTMCell(U), L.GRUCell(3), L.LSTMCell(4)], return_sequences=True))
MODELS["RNN of a stack, backwards"] = one(lambda: L.RNN(L.StackedRNNCells([L.GRUCell(U), L.GRUCell(3)]), go_backwards=True))
MODELS["RNN of a stack, masked"] = lambda: sequential(L.Masking(), L.RNN([L.LSTMCell(U), L.SimpleRNNCell(3)]))
MODELS["RNN of a stack with relu"] = one(lambda: L.RNN([L.LSTMCell(U, activation="relu"), L.GRUCell(3)]))
MODELS["two directions of RNN"] = one(lambda: L.Bidirectional(L.RNN(L.GRUCell(U), return_sequences=True)))
MODELS["RNN of a stack, state"] = lambda: (lambda i: keras.Model(i, L.RNN([L.LSTMCell(U), L.GRUCell(3)], return_state=True)(i)))(x())

# Feed-forward layers.
for padding in ("valid", "same", "causal"):
    MODELS[f"Conv1D {padding}"] = one(lambda padding=padding: L.Conv1D(5, 3, padding=padding, activation="relu"))
MODELS["Conv1D strides"] = one(lambda: L.Conv1D(5, 2, strides=2, padding="same"))
MODELS["Conv1D dilation"] = one(lambda: L.Conv1D(5, 2, dilation_rate=2, padding="causal", use_bias=False))
MODELS["Conv1D groups"] = one(lambda: L.Conv1D(6, 3, groups=2))
MODELS["DepthwiseConv1D"] = one(lambda: L.DepthwiseConv1D(3, depth_multiplier=2, padding="same"))
MODELS["SeparableConv1D"] = one(lambda: L.SeparableConv1D(5, 3, depth_multiplier=2))
MODELS["MaxPooling1D"] = one(lambda: L.MaxPooling1D(2))
MODELS["MaxPooling1D same"] = one(lambda: L.MaxPooling1D(4, strides=3, padding="same"))
MODELS["AveragePooling1D"] = one(lambda: L.AveragePooling1D(3, strides=2))
MODELS["GlobalMaxPooling1D"] = lambda: sequential(L.GRU(U, return_sequences=True), L.GlobalMaxPooling1D())
MODELS["GlobalAveragePooling1D"] = lambda: sequential(L.GRU(U, return_sequences=True), L.GlobalAveragePooling1D(keepdims=True))
MODELS["GlobalAveragePooling1D masked"] = lambda: tokens(L.GlobalAveragePooling1D(), mask=True)
MODELS["BatchNormalization"] = lambda: sequential(L.BatchNormalization(), L.LSTM(U))
MODELS["BatchNormalization without scale"] = lambda: sequential(L.Conv1D(4, 2), L.BatchNormalization(scale=False, epsilon=0.1))
MODELS["BatchNormalization of steps"] = one(lambda: L.BatchNormalization(axis=1, center=False))
MODELS["LayerNormalization"] = one(lambda: L.LayerNormalization())
MODELS["LayerNormalization over two axes"] = one(lambda: L.LayerNormalization(axis=[1, 2], center=False))
MODELS["RMSNormalization"] = one(lambda: L.RMSNormalization())
MODELS["UnitNormalization"] = one(lambda: L.UnitNormalization())
MODELS["GroupNormalization"] = one(lambda: L.GroupNormalization(groups=2))
MODELS["RepeatVector"] = lambda: sequential(L.LSTM(U), L.RepeatVector(4), L.LSTM(3, return_sequences=True), L.TimeDistributed(L.Dense(2)))
MODELS["Flatten"] = lambda: sequential(L.LSTM(U, return_sequences=True), L.Flatten(), L.Dense(3))
MODELS["Reshape"] = lambda: sequential(L.Reshape((3, -1)), L.GRU(U))
MODELS["Permute"] = lambda: sequential(L.Permute((2, 1)), L.GRU(U))
MODELS["ZeroPadding1D, Cropping1D, UpSampling1D"] = lambda: sequential(L.ZeroPadding1D((2, 1)), L.Cropping1D((1, 0)), L.UpSampling1D(2))
MODELS["dropouts"] = lambda: sequential(L.SpatialDropout1D(0.2), L.GaussianNoise(0.1), L.GRU(U, return_sequences=True),
                                        L.GaussianDropout(0.1), L.AlphaDropout(0.1), L.ActivityRegularization(0.1), L.Dropout(0.5))
MODELS["activation layers"] = lambda: sequential(L.Dense(6), L.LeakyReLU(), L.PReLU(shared_axes=[1]), L.ELU(0.7), L.ReLU(max_value=2, threshold=0.1, negative_slope=0.2), L.Softmax())
MODELS["Softmax over time"] = one(lambda: L.Softmax(axis=1))
MODELS["a layer as activation"] = one(lambda: L.Dense(3, activation=L.LeakyReLU(negative_slope=0.4)))
MODELS["several activations"] = lambda: (lambda i: keras.Model(i, [L.Dense(4, activation=a)(i) for a in (
    "elu", "selu", "celu", "gelu", "silu", "mish", "softplus", "softsign", "exponential", "hard_sigmoid", "hard_silu", "hard_tanh",
    "tanh_shrink", "hard_shrink", "soft_shrink", "squareplus", "log_sigmoid", "sparse_plus", "relu6", "leaky_relu", "softmax", "log_softmax",
    "sigmoid", "tanh", "linear", "glu", "sparse_sigmoid")]))(x())
MODELS["Dense of vectors"] = lambda: sequential(L.Dense(5, activation="tanh"), L.BatchNormalization(), L.Dense(2), shape=(D,))

# TimeDistributed.
MODELS["TimeDistributed Dense"] = one(lambda: L.TimeDistributed(L.Dense(3, activation="softmax")))
MODELS["TimeDistributed Conv1D"] = lambda: sequential(L.TimeDistributed(L.Conv1D(3, 2)), L.TimeDistributed(L.Flatten()), L.GRU(U), shape=(3, T, D))
MODELS["TimeDistributed LSTM"] = lambda: sequential(L.TimeDistributed(L.LSTM(3)), L.LSTM(U), shape=(3, T, D))
MODELS["TimeDistributed Embedding"] = lambda: sequential(L.TimeDistributed(L.Embedding(SYMBOLS, 3)), L.TimeDistributed(L.GlobalAveragePooling1D()), L.GRU(U), shape=(3, T), dtype="int32")
MODELS["TimeDistributed model"] = lambda: sequential(L.TimeDistributed(keras.Sequential([keras.Input((D,)), L.Dense(5, activation="relu"), L.BatchNormalization(), L.Dense(2)])), L.GRU(U))
MODELS["TimeDistributed BatchNormalization"] = lambda: sequential(L.TimeDistributed(L.BatchNormalization()), L.GRU(U))

# Graphs.
for merge in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
    MODELS[merge] = lambda merge=merge: (lambda i: keras.Model(i, getattr(L, merge)()([L.Dense(4)(i), L.GRU(4, return_sequences=True)(i)])))(x())
MODELS["Concatenate"] = lambda: (lambda i: keras.Model(i, L.Concatenate()([L.LSTM(3)(i), L.GRU(4)(i)])))(x())
MODELS["Concatenate steps"] = lambda: (lambda i: keras.Model(i, L.LSTM(3)(L.Concatenate(axis=1)([i, L.Dense(D)(i)]))))(x())
MODELS["Add of a vector"] = lambda: (lambda i: keras.Model(i, L.Add()([i, L.GRU(D)(i)])))(x())
MODELS["Dot"] = lambda: (lambda i: keras.Model(i, L.Dot(axes=(2, 2))([i, L.GRU(D, return_sequences=True)(i)])))(x())
MODELS["Dot normalised"] = lambda: (lambda i: keras.Model(i, L.Dot(axes=1, normalize=True)([L.GRU(3)(i), L.LSTM(3)(i)])))(x())
MODELS["Dot of steps"] = lambda: (lambda i: keras.Model(i, L.Dot(axes=1)([i, L.Softmax(axis=1)(L.Dense(1)(i))])))(x())
MODELS["merged masks"] = lambda: (lambda i, m: keras.Model(i, L.GRU(U)(L.Add()([m, L.LSTM(D, return_sequences=True)(m)]))))(*(lambda i: (i, L.Masking()(i)))(x()))
MODELS["concatenated masks"] = lambda: (lambda i: keras.Model(i, L.GRU(U)(L.Concatenate(axis=1)([L.Masking()(i), i]))))(x())


@model("two inputs, two outputs")
def _():
    a, b = keras.Input((T, D), name="left"), keras.Input((4, 2), name="right")
    y, z = L.LSTM(3)(a), L.GRU(3)(b)
    return keras.Model([a, b], [L.Dense(2, name="one")(L.Add()([y, z])), L.Concatenate(name="two")([y, z])])


@model("named inputs and outputs")
def _():
    a, b = keras.Input((T, D), name="b"), keras.Input((D,), name="a")
    y = L.GRU(3)(a)
    return keras.Model({"b": a, "a": b}, {"sum": L.Add()([y, L.Dense(3)(b)]), "product": L.Multiply()([y, L.Dense(3)(b)])})


@model("words and features")
def _():
    words, features = keras.Input((T,), dtype="int32"), keras.Input((D,))
    y = L.Bidirectional(L.LSTM(3))(L.Embedding(SYMBOLS, 4)(words))
    return keras.Model([words, features], L.Dense(2, activation="softmax")(L.Concatenate()([y, features])))


@model("shared layers")
def _():
    a, b = x(), x()
    shared = L.LSTM(3)
    return keras.Model([a, b], L.Dot(axes=1, normalize=True)([shared(a), shared(b)]))


@model("encoder and decoder")
def _():
    a, b = x(), keras.Input((4, 3))
    _, h, c = L.LSTM(U, return_state=True)(a)
    y = L.LSTM(U, return_sequences=True)(b, initial_state=[h, c])
    return keras.Model([a, b], L.Dense(2)(y))


@model("encoder and decoder in two directions")
def _():
    a, b = x(), keras.Input((4, 3))
    states = L.Bidirectional(L.GRU(U, return_state=True))(a)[1:]
    return keras.Model([a, b], L.Bidirectional(L.GRU(U, return_sequences=True))(b, initial_state=states))


@model("residual")
def _():
    i = x()
    y = L.LSTM(D, return_sequences=True)(i)
    y = L.LayerNormalization()(L.Add()([i, y]))
    return keras.Model(i, L.Dense(2)(L.Dropout(0.1)(y)))


@model("a model in a model")
def _():
    inner = keras.Sequential([keras.Input((T, D)), L.GRU(3, return_sequences=True), L.Dense(2)], name="inner")
    i = keras.Input((T, D))
    return keras.Model(i, L.LSTM(3)(inner(i)))


@model("a functional model in a model")
def _():
    a, b = keras.Input((T, D)), keras.Input((T, D))
    inner = keras.Model([a, b], [L.Add()([a, b]), L.GRU(2)(a)])
    i = keras.Input((T, D))
    y, z = inner([i, L.Dense(D)(i)])
    return keras.Model(i, L.Concatenate()([L.LSTM(3)(y), z]))


@model("operations")
def _():
    i = x()
    y = L.GRU(U, return_sequences=True)(i)
    z = y[:, -1] * 2.0 + ops.mean(y, axis=1) - ops.max(y, axis=1) / 3.0
    z = ops.concatenate([z, ops.transpose(y, (0, 2, 1))[:, :, 0]], axis=-1)
    return keras.Model(i, [z, ops.expand_dims(z, 1), ops.tanh(y[:, 1::2, :2])])


# Attention.
def attention(layer, masked=False, scores=False, **call):
    i = keras.Input((T,), dtype="int32") if masked else x()
    y = L.Embedding(SYMBOLS, D, mask_zero=True)(i) if masked else i
    q = L.GRU(D, return_sequences=True)(y)
    made = layer([q, y], **({"return_attention_scores": True} if scores else {}), **call)
    return keras.Model(i, made)


MODELS["Attention"] = lambda: attention(L.Attention())
MODELS["Attention scaled"] = lambda: attention(L.Attention(use_scale=True, dropout=0.1))
MODELS["Attention concat"] = lambda: attention(L.Attention(score_mode="concat", use_scale=True))
MODELS["Attention causal with scores"] = lambda: attention(L.Attention(), scores=True, use_causal_mask=True)
MODELS["Attention masked"] = lambda: attention(L.Attention(), masked=True)
MODELS["AdditiveAttention"] = lambda: attention(L.AdditiveAttention())
MODELS["AdditiveAttention without scale, masked"] = lambda: attention(L.AdditiveAttention(use_scale=False), masked=True)
MODELS["MultiHeadAttention"] = lambda: (lambda i: keras.Model(i, L.MultiHeadAttention(2, 3)(i, i)))(x())
MODELS["MultiHeadAttention of two"] = lambda: (lambda i, j: keras.Model([i, j], L.MultiHeadAttention(2, 3, value_dim=5, output_shape=6)(i, j)))(x(), keras.Input((4, 3)))
MODELS["MultiHeadAttention causal, no bias"] = lambda: (lambda i: keras.Model(i, L.MultiHeadAttention(2, 3, use_bias=False)(i, i, use_causal_mask=True)))(x())
MODELS["MultiHeadAttention scores"] = lambda: (lambda i: keras.Model(i, L.MultiHeadAttention(2, 3)(i, i, return_attention_scores=True)))(x())


@model("Transformer block")
def _():
    i = keras.Input((T,), dtype="int32")
    y = L.Embedding(SYMBOLS, 8)(i)
    y = L.LayerNormalization(epsilon=1e-6)(y + L.MultiHeadAttention(2, 4, dropout=0.1)(y, y))
    y = L.LayerNormalization(epsilon=1e-6)(y + L.Dense(8)(L.Dense(16, activation="gelu")(y)))
    return keras.Model(i, L.Dense(2)(L.GlobalAveragePooling1D()(y)))


@model("trained")
def _():
    made = tokens(L.Bidirectional(L.LSTM(U, return_sequences=True, dropout=0.1)), L.BatchNormalization(), L.GRU(U), L.Dense(3, activation="softmax"), mask=True)
    made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    made.fit(np.random.randint(0, SYMBOLS, (32, T)), np.random.randint(0, 3, 32), verbose=0)
    return made


# What must be refused by name.
@keras.saving.register_keras_serializable("mine")
class Doubled(L.Layer):
    def call(self, inputs):
        return inputs * 2


REFUSED = {
    "Lambda": lambda: sequential(L.Lambda(lambda given: given * 2, output_shape=(T, D))),
    "Conv2D": lambda: sequential(L.Conv2D(2, 2), shape=(5, 5, 2)),
    "ConvLSTM1D": lambda: sequential(L.ConvLSTM1D(2, 2), shape=(3, 5, 2)),
    "float64": lambda: sequential(L.LSTM(U, dtype="float64")),
    "mixed_float16": lambda: sequential(L.Dense(U, dtype="mixed_float16")),
    "a layer of another's": lambda: sequential(Doubled()),
    "SpectralNormalization": lambda: sequential(L.SpectralNormalization(L.Dense(3))),
    "sparsemax": lambda: sequential(L.Dense(3, activation="sparsemax")),
}


def data(model, random, name):
    made = []
    for tensor in model.inputs:
        shape = (N, *tensor.shape[1:])
        if tensor.dtype.startswith("int"):
            values = random.integers(1, SYMBOLS, shape).astype("int32")
            # Zeros before, behind and between: a mask with holes.
            values[0, :2] = 0
            values[1, -2:] = 0
            values[2, 1] = 0
        else:
            values = random.normal(size=shape).astype("float32")
            if len(shape) > 2:
                values[0, :2] = 0
                values[1, -2:] = 0
                values[2, 1] = 0
        made.append(values)
    return made


def array(values):
    values = np.asarray(values)
    # Nine digits are what float32 holds.
    data = [int(one) if values.dtype.kind == "i" else float(f"{one:.9g}") for one in values.flatten()]
    return {"shape": list(values.shape), "type": "i32" if values.dtype.kind == "i" else "f32", "data": data}


def repack(path):
    """The same archive with fixed dates, deflated (Keras itself stores)."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=zipfile.ZIP_DEFLATED)


def randomize(made, random):
    """Weights at which every part matters; states and counters stay as they are."""
    for variable in made.variables:
        if not variable.dtype.startswith("float") or "rnn_state" in variable.path or "optimizer" in variable.path:
            continue
        values = random.normal(0, 0.5, variable.shape)
        variable.assign(np.abs(values) + 0.1 if "variance" in variable.path else values)


def answer(made, inputs):
    names = list(made._inputs_struct) if isinstance(getattr(made, "_inputs_struct", None), dict) else None
    given = dict(zip(sorted(names), inputs)) if names else inputs if len(inputs) > 1 else inputs[0]
    outputs = made(given, training=False)
    return [array(keras.ops.convert_to_numpy(one)) for one in keras.tree.flatten(outputs)]


FIXTURES = (
    "GRU two directions, the first backwards", "LSTM stateful", "LSTM masked left", "merge_mode None", "RNN of a stack, state",
    "Conv1D groups", "BatchNormalization", "words and features", "encoder and decoder in two directions", "concatenated masks",
    "Attention causal with scores", "MultiHeadAttention of two", "Transformer block", "a functional model in a model",
    "several activations", "named inputs and outputs", "operations", "TimeDistributed LSTM", "Lambda",
)


def main(folder, names=()):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    answers = []
    for name, make in {**MODELS, **REFUSED}.items():
        if names and name not in names:
            continue
        random = np.random.default_rng(7)
        keras.utils.set_random_seed(1)
        keras.backend.clear_session()
        made = make()
        refused = name in REFUSED
        if not refused:
            randomize(made, random)
        file = f"{len(answers)}.keras"
        made.save(folder / file)
        repack(folder / file)
        calls = []
        for _ in range(0 if refused else 2 if "stateful" in name else 1):
            inputs = data(made, random, name)
            calls.append({"inputs": [array(one) for one in inputs], "outputs": answer(made, inputs)})
        answers.append({"name": name, "file": file, "refused": refused, "calls": calls})
    (folder / "answers.json").write_text(json.dumps({"keras": keras.__version__, "models": answers}) + "\n")
    print(f"{len(answers)} models of Keras {keras.__version__} in {folder}")


if __name__ == "__main__":
    if sys.argv[1] == "--fixtures":
        main(pathlib.Path(__file__).parents[2] / "packages" / "interop" / "src" / "fixtures" / "keras-models", FIXTURES)
    else:
        main(sys.argv[1], sys.argv[2:])
