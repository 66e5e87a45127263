"""The cells' equations in NumPy float64, one sentence, one direction and one character at a time, and finite differences."""

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def peephole_states(x, w):
    """Eqs. (11)-(15) of the paper. x: [T, H]; w: dict of one direction's weights. Returns h: [T, U]."""
    units = w["recurrent_kernel"].shape[0]
    w_xi, w_xf, w_xc, w_xo = np.split(w["kernel"], 4, axis=1)
    w_hi, w_hf, w_hc, w_ho = np.split(w["recurrent_kernel"], 4, axis=1)
    b_i, b_f, b_c, b_o = np.split(w["bias"], 4)
    w_ci, w_cf, w_co = w["peephole"]
    h, c, states = np.zeros(units), np.zeros(units), []
    for x_t in x:
        i = sigmoid(x_t @ w_xi + h @ w_hi + w_ci * c + b_i)
        f = sigmoid(x_t @ w_xf + h @ w_hf + w_cf * c + b_f)
        c = f * c + i * np.tanh(x_t @ w_xc + h @ w_hc + b_c)
        o = sigmoid(x_t @ w_xo + h @ w_ho + w_co * c + b_o)
        h = o * np.tanh(c)
        states.append(h)
    return np.array(states).reshape([len(x), units])


def gru_states(x, w):
    """The GRU with the reset gate after the recurrent product. x: [T, H]. Returns h: [T, U]."""
    units = w["recurrent_kernel"].shape[0]
    w_z, w_r, w_n = np.split(w["kernel"], 3, axis=1)
    u_z, u_r, u_n = np.split(w["recurrent_kernel"], 3, axis=1)
    (b_z, b_r, b_n), (d_z, d_r, d_n) = (np.split(row, 3) for row in w["bias"])
    h, states = np.zeros(units), []
    for x_t in x:
        z = sigmoid(x_t @ w_z + b_z + h @ u_z + d_z)
        r = sigmoid(x_t @ w_r + b_r + h @ u_r + d_r)
        n = np.tanh(x_t @ w_n + b_n + r * (h @ u_n + d_n))
        h = z * h + (1.0 - z) * n
        states.append(h)
    return np.array(states).reshape([len(x), units])


def lattice_states(x, words, w):
    """Eqs. (11)-(16) of Zhang and Yang, 2018. x: [T, H]; words: list of (b, e, vector), e inclusive. Returns h: [T, U]."""
    units = w["recurrent_kernel"].shape[0]
    h, c, before = [], [], (np.zeros(units), np.zeros(units))
    for e, x_e in enumerate(x):
        h_before, c_before = (h[-1], c[-1]) if e else before
        i, f, candidate, o = np.split(x_e @ w["kernel"] + h_before @ w["recurrent_kernel"] + w["bias"], 4)
        i, f, candidate, o = sigmoid(i), sigmoid(f), np.tanh(candidate), sigmoid(o)
        cells, gates = [], []
        for begin, end, vector in words:
            if end == e:
                w_i, w_f, w_c = np.split(vector @ w["word_kernel"] + h[begin] @ w["word_recurrent_kernel"] + w["word_bias"], 3)
                cell = sigmoid(w_f) * c[begin] + sigmoid(w_i) * np.tanh(w_c)
                cells.append(cell)
                gates.append(sigmoid(x_e @ w["gate_kernel"] + cell @ w["gate_recurrent_kernel"] + w["gate_bias"]))
        if cells:
            total = np.exp(i) + sum(np.exp(gate) for gate in gates)
            new = np.exp(i) / total * candidate + sum(np.exp(gate) / total * cell for gate, cell in zip(gates, cells))
        else:
            new = f * c_before + i * candidate
        c.append(new)
        h.append(o * np.tanh(new))
    return np.array(h).reshape([len(x), units])


def both_directions(states, weights, x, lengths, words=None):
    """Outputs [B, T, 2U] of a right-padded batch; ``words`` holds a list of (b, e, vector) for each row."""
    directions = {d: {k.split("/")[1]: v for k, v in weights.items() if k.startswith(d)} for d in ("forward", "backward")}
    units = directions["forward"]["recurrent_kernel"].shape[0]
    output = np.zeros([x.shape[0], x.shape[1], 2 * units])
    for row, n in enumerate(lengths):
        ahead, back = (x[row, :n],), (x[row, :n][::-1],)
        if words is not None:
            ahead += (words[row],)
            back += ([(n - 1 - e, n - 1 - b, vector) for b, e, vector in words[row]],)
        output[row, :n, :units] = states(*ahead, directions["forward"])
        output[row, :n, units:] = states(*back, directions["backward"])[::-1]
    return output


def finite_differences(loss, array, step=1e-6):
    """Gradient of ``loss()`` with respect to ``array``, which is changed in place, by central differences."""
    gradient = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        original, values = array[index], []
        for sign in (1, -1):
            array[index] = original + sign * step
            values.append(loss())
        array[index] = original
        gradient[index] = (values[0] - values[1]) / (2 * step)
    return gradient
