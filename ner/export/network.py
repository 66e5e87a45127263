"""The network of a trained tagger as a frozen graph: word ids in, emissions out.

Weights are constants in it. So TensorFlow computes what depends on them alone once, oneDNN packs them once for its matrix products, and a
server has no variables to restore.
Shapes: B rows, T characters (T + 2 tokens), H hidden, U LSTM units, K tags.
"""

import contextlib

import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from ner.model.inference import emissions_function

# Where an operation names the gradient that a layer has given it.
_GRADIENT = "_gradient_op_type"


@contextlib.contextmanager
def recurrent_layer(model, layer):
    """While the context is open, a ``TaggerModel`` has another recurrent layer, which computes the same."""
    own = model.rnn
    model.rnn = layer
    try:
        yield
    finally:
        model.rnn = own


class FrozenNetwork:
    """Emissions of a ``TaggerModel`` with its weights as constants.

    Args:
      graph_def: ``GraphDef``.
      output: name of the tensor of emissions in it.
      signature: dict from the name of each input, which is its placeholder's, to its ``tf.TensorSpec``.
    """

    def __init__(self, graph_def, output, signature):
        self.graph_def, self.output, self.signature = graph_def, output, signature
        # One function, called by all signatures: weights are in the file once. Kept apart when the graph is optimised: they call it in a
        # loop, in whose body products would not be fused with gelu.
        self._function = tf.function(
            self._emissions, input_signature=[signature], autograph=False, experimental_attributes={"_noinline": True}
        )

    def __call__(self, inputs):
        """Emissions float32 [B, T, K] of a dict of inputs, as ``TaggerModel`` takes it."""
        return self._function(inputs)

    def _emissions(self, inputs):
        return tf.graph_util.import_graph_def(self.graph_def, input_map=inputs, return_elements=[self.output], name="")[0]

    @classmethod
    def of(cls, model):
        """The frozen network of a ``TaggerModel``, in the precision of its layers."""
        with recurrent_layer(model, model.rnn.for_cpu_export() if model.rnn is not None else None):
            traced = emissions_function(model, model.encoder.weights_for_inference).get_concrete_function()
        # Loops stay functions. Lowered to switches and merges here, they would be lowered in a function that is called from within
        # a loop, and no executor runs that; whoever loads the export lowers them where they then are.
        frozen = convert_variables_to_constants_v2(traced, lower_control_flow=False)
        output, signature = frozen.outputs[0].name, model.input_signature()
        return cls(without_unused(frozen.graph.as_graph_def(), output, signature), output, signature)


def without_unused(graph_def, output, inputs):
    """Subgraph of the nodes that an output depends on, and the inputs, given by name; a new ``GraphDef``.

    Control dependencies go too: without variables nothing is left to be put in order. They would keep the weights that nothing
    uses, such as the encoder's pooler. So do the names of gradients, which no frozen graph has, and of whose absence loading would warn.
    """
    nodes = {node.name: node for node in graph_def.node}
    waiting, used = [output.split(":")[0], *inputs], set()
    while waiting:
        name = waiting.pop()
        if name not in used:
            used.add(name)
            waiting += [reference.split(":")[0] for reference in nodes[name].input if not reference.startswith("^")]
    result = graph_pb2.GraphDef(versions=graph_def.versions, library=graph_def.library)
    for function in result.library.function:
        for node in function.node_def:
            node.attr.pop(_GRADIENT, None)
    for node in graph_def.node:
        if node.name in used:
            kept = result.node.add()
            kept.CopyFrom(node)
            kept.attr.pop(_GRADIENT, None)
            del kept.input[:]
            kept.input.extend(reference for reference in node.input if not reference.startswith("^"))
    return result
