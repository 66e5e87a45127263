"""brightmart/albert_zh: ``modeling.py`` (post-LN) and ``modeling_preln.py``, which store the same names and shapes.

One layer's weights for all layers, inside named as BERT's; ``word_embeddings_2`` takes the word embeddings from E to H before
position and type are added. Only ``ln_type`` in the config tells the two forms apart.
"""

from albert.formats import bert, google
from albert.formats.table import Format, Row, tf_dense

FORMAT = Format(
    layout="brightmart",
    title="brightmart ALBERT",
    marker=r"(^|/)bert/(embeddings/word_embeddings_2$|encoder/layer_shared/)",
    anchor="bert/embeddings/word_embeddings",
    own=("bert/",),
    encoder=(
        *bert.EMBEDDINGS,
        Row("embeddings/projection/kernel", "bert/embeddings/word_embeddings_2"),
        *bert.block("bert/encoder/layer_shared"),
        *tf_dense("pooler", "bert/pooler/dense"),
    ),
    heads=google.FORMAT.heads,
)
