"""The encoder that comes with the package.

``albert.load_encoder("albert_mini_zh")`` and ``--init_checkpoint=albert_mini_zh`` load it, unless there is a file or directory of
that name. It is in HuggingFace's layout with float16 weights; a model card lies beside them.
"""

import os

NAME = "albert_mini_zh"
DIRECTORY = os.path.join(os.path.dirname(__file__), NAME)
