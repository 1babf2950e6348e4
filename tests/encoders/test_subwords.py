import subprocess
import sys

from random_encoders import TEXTS

from ablate.encoders import subwords
from ablate.encoders.scratch import train_bpe, train_wordpiece
from ablate.synthesis.generate import generate


def test_special_tokens_stand_around_a_document_and_never_inside() -> None:
    wordpiece, bpe = train_wordpiece(TEXTS * 5, 200), train_bpe(TEXTS * 5, 400)
    assert (wordpiece.prefix, wordpiece.suffix) == ((2,), (3,))
    assert (bpe.prefix, bpe.suffix) == ((0,), (2,))
    assert wordpiece.encode([""]) == bpe.encode([""]) == [[]]
    for tokenizer, text in ((wordpiece, "[SEP] the cat [CLS]"), (bpe, "<s>the cat</s>")):
        (ids,) = tokenizer.encode([text])
        assert not set(ids) & {*tokenizer.prefix, *tokenizer.suffix}
        assert max(ids) < tokenizer.size


def test_byte_level_pieces_spell_any_text() -> None:
    tokenizer = train_bpe(TEXTS * 5, 400)
    (ids,) = tokenizer.encode(["ünseen 字 text"])
    assert tokenizer._pipeline.decode(ids) == "ünseen 字 text"


def test_documents_are_encoded_whole_and_each_for_itself() -> None:
    tokenizer = train_wordpiece(TEXTS * 5, 200)
    assert tokenizer.encode(TEXTS) == [tokenizer.encode([text])[0] for text in TEXTS]
    assert len(tokenizer.encode(["cat " * 3000])[0]) == 3000


def test_the_same_texts_give_the_same_key_in_another_process() -> None:
    code = (
        "from ablate.encoders.scratch import train_bpe, train_wordpiece\n"
        "from ablate.synthesis.generate import generate\n"
        "texts = generate('quickstart', 400).texts\n"
        "print(train_wordpiece(texts, 900).key, train_bpe(texts, 900).key)"
    )
    texts = generate("quickstart", 400).texts
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert [train_wordpiece(texts, 900).key, train_bpe(texts, 900).key] == other
    assert train_wordpiece(texts[:300], 900).key not in other


def test_training_reads_a_seeded_sample_of_many_texts(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(subwords, "TRAINING_TEXTS", 10)
    texts = [str(number) for number in range(100)]
    sample = subwords._training_texts(texts)
    assert len(set(sample)) == 10
    assert sample == subwords._training_texts(texts)
    assert subwords._training_texts(texts[:10]) == texts[:10]
