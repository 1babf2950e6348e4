"""Random-weight encoders of three families, with tokenizers trained on a few sentences."""

import torch
from transformers import AutoConfig, AutoModel, BertConfig, BertModel, MPNetConfig, MPNetModel

from ablate.encoders.scratch import train_bpe, train_wordpiece
from ablate.encoders.transformer import TransformerEncoder

TEXTS = [
    "the cat sat on the mat",
    "dogs chase cats",
    "a rather longer sentence about the weather, the sea and the mountains",
    "rain",
]
FAMILIES = ("bert", "roberta", "mpnet")


def build(family: str, pooling: str = "auto", dropout: float = 0.1) -> TransformerEncoder:
    torch.manual_seed(0)
    shape = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 66,
        "hidden_dropout_prob": dropout,
        "attention_probs_dropout_prob": dropout,
        "initializer_range": 0.2,  # larger than usual, so that a wrong mask or position shows
    }
    texts = TEXTS * 5
    if family == "bert":
        tokenizer = train_wordpiece(texts, 200)
        model = BertModel(BertConfig(vocab_size=tokenizer.size, **shape))
    elif family == "mpnet":
        tokenizer = train_bpe(texts, 400)
        model = MPNetModel(MPNetConfig(vocab_size=tokenizer.size, pad_token_id=1, **shape))
    else:
        tokenizer = train_bpe(texts, 400)
        config = AutoConfig.for_model(family, vocab_size=tokenizer.size, pad_token_id=1, type_vocab_size=1, **shape)
        model = AutoModel.from_config(config)
    return TransformerEncoder(model, tokenizer, name=family, weights_sha256="random", pooling=pooling)
