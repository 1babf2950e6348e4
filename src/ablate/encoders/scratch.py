"""Random-start transformers that are small enough for a CPU: the floor under every pretrained backbone."""

from __future__ import annotations

from ablate.encoders.base import Tokenizer
from ablate.encoders.subwords import train_bpe, train_wordpiece
from ablate.encoders.transformer import TransformerEncoder
from ablate.errors import AblateError, near

__all__ = ["FROM_SCRATCH", "TINY", "TINY_RATE", "tiny", "train_bpe", "train_wordpiece"]

TINY = ("tiny-bert", "tiny-roberta")
FROM_SCRATCH = "from scratch"
TINY_RATE = 5e-4
"""AdamW's rate: RoBERTa-base is pretrained at 6e-4 and BERT-Tiny is fine-tuned at up to 3e-4 (Turc et al. 2019)."""

_SHAPE = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 512}


def tiny(name: str, tokenizer: Tokenizer) -> TransformerEncoder:
    """BERT-Tiny's shape (2 layers of 128, 512 positions) with random weights from torch's global generator.

    ``name`` is ``tiny-bert`` (tokenizer from ``train_wordpiece``) or ``tiny-roberta`` (``train_bpe``). AblateError
    for another name.
    """
    from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

    if name == "tiny-bert":
        model = BertModel(BertConfig(vocab_size=tokenizer.size, pad_token_id=0, **_SHAPE))
    elif name == "tiny-roberta":
        # RoBERTa counts positions from its padding number + 1 = 2, so 514 of them read 512 tokens.
        positions = {"max_position_embeddings": 514, "type_vocab_size": 1, "layer_norm_eps": 1e-5}
        model = RobertaModel(RobertaConfig(vocab_size=tokenizer.size, pad_token_id=1, **positions, **_SHAPE))
    else:
        raise AblateError(f"unknown random-start backbone '{name}'{near(name, TINY)}; give one of {', '.join(TINY)}")
    encoder = TransformerEncoder(model, tokenizer, name=name, weights_sha256=FROM_SCRATCH, rate=TINY_RATE)
    encoder.frozen_rate = TINY_RATE
    return encoder
