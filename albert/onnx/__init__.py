"""Networks as ONNX graphs, made of a config and the names of its weights: without TensorFlow, and without the ``onnx`` package.

``protobuf`` the messages · ``graph`` nodes and weights · ``encoder`` ALBERT and BERT · ``quantization`` weights in int8.

The package is done without because it would be half of a light install, because its demands on ``protobuf`` and ``ml_dtypes`` are not
TensorFlow's, and because a graph that is made when a tagger is loaded, in a few milliseconds, need not be a file beside its weights.
"""
