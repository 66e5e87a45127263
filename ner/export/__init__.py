"""A trained tagger as a TensorFlow SavedModel that takes text and gives entities, for TensorFlow Serving.

``tokenizer`` text to ids · ``windows`` long texts in windows · ``network`` ids to emissions, frozen · ``decoding`` emissions to tags and
scores · ``joining`` windows to texts · ``module`` the signatures · ``quantization`` int8 · ``saved_model`` what a version holds ·
``versions`` the directory of versions · ``warmup`` · ``provenance`` · ``tflite`` a file for devices instead · ``report``.
"""
