"""A trained tagger as a TensorFlow SavedModel that takes text and gives entities, for TensorFlow Serving.

``tokenizer`` text to ids · ``network`` ids to emissions, frozen · ``module`` the signatures · ``quantization`` int8 ·
``saved_model`` what a version holds · ``versions`` the directory of versions · ``warmup`` · ``provenance`` ·
``onnx`` a version for ONNX Runtime instead · ``report``.
"""
