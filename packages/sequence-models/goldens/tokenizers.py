"""Writes tokenizers.json: tokenizers that Hugging Face's library trained, and what they make of texts.

    python tokenizers.py        needs tokenizers
"""
import json
import sys
from pathlib import Path

sys.path.pop(0)  # this file has the library's name
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

corpus = [
    "The quick brown fox jumps over the lazy dog. The dog doesn't mind; it's asleep.",
    "人工智能是计算机科学的一个分支。深度学习是人工智能的一个分支。",
    "Numbers: 2024, 3.14159, 1,000,000 and aaaa aaaaa aaa!",
    "naïve café déjà vu — ÀÉÎ\tüber  straße\n\n  end",
] * 3
texts = corpus[:4] + [
    "", " ", "Hello, world!  你好，世界 😀👍🏽 <s> x</s>", "the quickest foxes' dog 人工学习 \u200b\u0301e",
    "line\r\nbreak   trailing   ", "a" * 120 + " don't WE'LL $5+3=8 ~`^|",
    "mark\ufeff here\u0085 next\u3000wide\u00a0no",
]

byte_level = Tokenizer(models.BPE())
byte_level.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
byte_level.decoder = decoders.ByteLevel()
byte_level.train_from_iterator(corpus, trainers.BpeTrainer(
    vocab_size=340, special_tokens=["<s>", "</s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))

word_piece = Tokenizer(models.WordPiece(unk_token="[UNK]"))
word_piece.normalizer = normalizers.BertNormalizer(lowercase=True)
word_piece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
word_piece.decoder = decoders.WordPiece()
word_piece.train_from_iterator(corpus, trainers.WordPieceTrainer(
    vocab_size=180, special_tokens=["[UNK]", "[PAD]", "<s>"], show_progress=False))

plain = Tokenizer(models.BPE(unk_token="<unk>"))
plain.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
plain.pre_tokenizer = pre_tokenizers.Whitespace()
plain.train_from_iterator(corpus[:4], trainers.BpeTrainer(vocab_size=150, special_tokens=["<unk>"], show_progress=False))

unigram = Tokenizer(models.Unigram())
unigram.normalizer = normalizers.NFKC()
unigram.pre_tokenizer = pre_tokenizers.Metaspace()
unigram.decoder = decoders.Metaspace()
unigram.train_from_iterator(corpus, trainers.UnigramTrainer(vocab_size=160, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False))

out = {"corpus": corpus, "texts": texts, "tokenizers": {}}
for name, tokenizer in (("byte_level", byte_level), ("word_piece", word_piece), ("plain", plain), ("unigram", unigram)):
    encoded = [tokenizer.encode(text) for text in texts]
    out["tokenizers"][name] = {
        "file": tokenizer.to_str(),
        "ids": [e.ids for e in encoded],
        "decoded": [tokenizer.decode(e.ids) for e in encoded],
    }
Path(__file__).with_name("tokenizers.json").write_text(json.dumps(out) + "\n")
