"""RoBERTa beside BERT where no weights can be had: both from scratch, at equal size, on vocabularies of their own.

Without pretraining, which is what RoBERTa is known for, the two differ in their vocabularies (bytes in pairs, or pieces
of words). With weights, on a GPU:
``python -m ablate study --data YOURS --backbone bert-base-uncased --strategies roberta``.
"""

from ablate.api import Strategy
from ablate.components.backbone import TinyRoberta

STRATEGIES = (Strategy("roberta-from-scratch", backbone=TinyRoberta()),)
