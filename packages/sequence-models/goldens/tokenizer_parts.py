"""Writes tokenizer-parts.json: what Hugging Face's library makes of texts with each part of tokenizer.json.

    python tokenizer_parts.py        needs tokenizers

Offsets are written in UTF-16 units, as JavaScript counts.
"""
import base64
import json
import struct
import sys
from pathlib import Path

sys.path.pop(0)  # this folder has a file with the library's name
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

corpus = [
    "The quick brown fox jumps over the lazy dog. The dog doesn't mind; it's asleep.",
    "人工智能是计算机科学的一个分支。深度学习是人工智能的一个分支。",
    "Numbers: 2024, 3.14159, 1,000,000 and aaaa aaaaa aaa!",
    "naïve café déjà vu — ÀÉÎ\tüber  straße\n\n  end",
] * 3
texts = [
    "", " ", "Hello, world!  你好，世界 😀👍🏽 <s> x</s>", "  the quickest foxes' dog 人工学习 \u200b\u0301e",
    "line\r\nbreak   trailing   ", "a1b22c333 don't WE'LL $5+3=8 ~`^| ΟΔΟΣ İI",
    "mark\ufeff here\u0085 next\u3000wide\u00a0no\x01\x7f", "e\u0301te\u0301 ﬁne ① 각\u1100\u1161\u11a8 Å ½ Ǆ a\u0327\u0301",
    "naïve <mask> , [Day] monday<pad>", "the-dog-is",
]


def utf16(text, offsets):
    places = [0]
    for c in text:
        places.append(places[-1] + (2 if ord(c) > 0xFFFF else 1))
    return [[places[a], places[b]] for a, b in offsets]


# Each letter of a text is a token, so that normalisers and pre-tokenisers are seen in full.
def letters():
    seen = sorted({c for t in texts + corpus for form in (t, t.lower()) for c in form} | set("▁ -"))
    return {"<unk>": 0, **{c: i + 1 for i, c in enumerate(seen)}}


def plain():
    vocab = {**letters(), "th": 9001, "the": 9002, "og": 9003}
    return Tokenizer(models.BPE(vocab=vocab, merges=[("t", "h"), ("th", "e"), ("o", "g")], unk_token="<unk>"))


cases = {}


def record(name, tokenizer, inputs=texts, pairs=(), places=True, encode=None, **options):
    encode = encode or (lambda *a: tokenizer.encode(*a, **options))
    out = []
    for one in list(inputs) + list(pairs):
        both = (one,) if isinstance(one, str) else tuple(one)
        e = encode(*both)
        rows = []
        for x in [e, *e.overflowing]:
            offsets = [None] * len(x.ids)
            # A pair's offsets are of two texts.
            for i, pair in enumerate(x.offsets):
                text = both[-1] if x.sequence_ids[i] == 1 else both[0]
                offsets[i] = utf16(text, [pair])[0]
            # What a text alone has is left out.
            columns = {"typeIds": (x.type_ids, 0), "attentionMask": (x.attention_mask, 1), "specialTokensMask": (x.special_tokens_mask, 0)}
            rows.append({"ids": x.ids, **{k: v for k, (v, usual) in columns.items() if set(v) - {usual}}, **({"offsets": offsets, "wordIds": x.word_ids} if places else {})})
        out.append({"input": one, "rows": rows, "decoded": tokenizer.decode(e.ids)})
        full = tokenizer.decode(e.ids, skip_special_tokens=False)
        if full != out[-1]["decoded"]:
            out[-1]["full"] = full
    cases[name] = {"file": tokenizer.to_str(), "out": out, **({"options": options} if options else {})}


def charsmap(pairs):
    """A character map of SentencePiece: a double array over the keys' bytes, then the replacements."""
    blob, values = b"", {}
    for key, value in pairs.items():
        values[key.encode() + b"\0"] = len(blob)
        blob += value.encode() + b"\0"
    units, used = {0: 0}, {0}

    def place(prefix, node):
        following = sorted({k[len(prefix)] for k in values if k.startswith(prefix) and len(k) > len(prefix)})
        base = 1
        while any((base ^ c) in used for c in following) or (base ^ node) >= 1 << 21:
            base += 1
        for c in following:
            used.add(base ^ c)
        units[node] |= (base ^ node) << 10 | (256 if 0 in following else 0)
        for c in following:
            child = base ^ c
            key = prefix + bytes([c])
            if c == 0:
                units[child] = values[key] | 1 << 31
            else:
                units[child] = c
                place(key, child)

    place(b"", 0)
    array = [units.get(i, 0) for i in range(max(units) + 257)]
    trie = struct.pack(f"<{len(array)}I", *array)
    return struct.pack("<I", len(trie)) + trie + blob


# Normalizers
N = normalizers
for name, normalizer in {
    "NFC": N.NFC(), "NFD": N.NFD(), "NFKC": N.NFKC(), "NFKD": N.NFKD(), "Lowercase": N.Lowercase(), "Nmt": N.Nmt(),
    "StripAccents": N.Sequence([N.NFD(), N.StripAccents()]), "Bert": N.BertNormalizer(),
    "Bert cased": N.BertNormalizer(clean_text=False, strip_accents=True, lowercase=False),
    "Replace": N.Sequence([N.Replace(" ", "▁"), N.Replace(Regex("[aeiou]{2,}"), "")]), "Replace longer": N.Replace("o", "-=-"),
    "Prepend": N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")]),
    "Strip": N.Strip(), "Strip left": N.Strip(right=False), "Strip right": N.Strip(left=False), "ByteLevel": N.ByteLevel(),
    "Precompiled": N.Precompiled(charsmap({"ﬁ": "fi", "①": "1", "\u00a0": " ", "\u0301": "", "e\u0301": "é", "你": "nǐ", "\t": " ", "Å": "A"})),
}.items():
    t = plain()
    t.normalizer = normalizer
    record(f"normalizer {name}", t)

# Pre-tokenizers
P = pre_tokenizers
gpt4 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
o200k = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
for name, pre in {
    "ByteLevel": P.ByteLevel(), "ByteLevel whole": P.ByteLevel(add_prefix_space=False, use_regex=False), "Whitespace": P.Whitespace(),
    "WhitespaceSplit": P.WhitespaceSplit(), "Bert": P.BertPreTokenizer(), "Metaspace": P.Metaspace(),
    "Metaspace first": P.Metaspace(prepend_scheme="first", split=False), "Metaspace never": P.Metaspace("_", prepend_scheme="never"),
    "Metaspace words": P.Sequence([P.WhitespaceSplit(), P.Metaspace(prepend_scheme="first")]),
    "Punctuation": P.Punctuation(), "Punctuation contiguous": P.Punctuation("contiguous"), "Digits": P.Digits(), "Digits each": P.Digits(True),
    "CharDelimiterSplit": P.CharDelimiterSplit("-"), "FixedLength": P.FixedLength(3),
    "GPT-4": P.Sequence([P.Split(Regex(gpt4), "isolated"), P.ByteLevel(add_prefix_space=False, use_regex=False)]),
    "GPT-4o": P.Split(Regex(o200k), "isolated"),
    "Chinese": P.Sequence([P.Split(Regex(r"[一-龥\u3040-ゟ゠-ヿ]+"), "isolated"), P.Digits(True)]),
    "classes": P.Split(Regex(r"[[:alpha:]&&[^aeiou]]+|\h+|(?>\w+)\b"), "isolated"),
    **{f"Split {b}": P.Split(Regex(r"\s+|o"), b) for b in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous")},
    "Split inverted": P.Split(Regex(r"\w+"), "removed", invert=True), "Split text": P.Split("a", "merged_with_previous"),
}.items():
    t = plain()
    t.pre_tokenizer = pre
    if "ByteLevel" in name or name == "GPT-4":
        t.model = models.BPE(vocab={c: i for i, c in enumerate(sorted(P.ByteLevel.alphabet()))}, merges=[])
        t.decoder = decoders.ByteLevel()
    record(f"pre-tokenizer {name}", t)
deepseek = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
odd = ["it's IT'S it'\u017f \u212aELVIN kelvin x_y [a]b\\c ^d -e", "\u00b2\u00bd x\u00b5 \u0660\u0661 \u2160 a-b\u2028c\u0085d", "line one\nline two\n\n three"]
for name, pattern in {"DeepSeek": deepseek, "case": "(?i)'s|k+|STRA(?-i:x|\u00df)e", "lines": r"^\w+|\w+$|\A.|.\z", "words": r"\b\w|\B[^\s]|\d+|\D", "escapes": r"\x41|\u0061|\x{62}|\t|[\n\t\-\]]|\p{^L}|[[:^alpha:]]|\H"}.items():
    t = plain()
    t.pre_tokenizer = P.Split(Regex(pattern), "isolated")
    record(f"pattern {name}", t, texts + odd)
for first, scheme in ((N.Strip(), "first"), (N.Lowercase(), "first")):
    t = plain()
    t.normalizer, t.pre_tokenizer = first, P.Metaspace(prepend_scheme=scheme)
    record(f"Metaspace after {type(first).__name__}", t)

# Models
words = sorted({w for t in corpus for w, _ in P.Whitespace().pre_tokenize_str(t)})
t = Tokenizer(models.WordLevel({"<unk>": 0, **{w: i + 1 for i, w in enumerate(words)}}, "<unk>"))
t.pre_tokenizer = P.Whitespace()
record("model WordLevel", t)
bytes_ = {f"<0x{b:02X}>": b + 1 for b in range(256)}
t = Tokenizer(models.BPE(vocab={"<unk>": 0, **bytes_, "▁": 257, "t": 258, "h": 259, "e": 260, "th": 261, "the": 262, "▁the": 263}, merges=[("t", "h"), ("th", "e"), ("▁", "the")],
                         unk_token="<unk>", fuse_unk=True, byte_fallback=True))
t.normalizer = N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")])
t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
t.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s>:1 $B:1", [("<s>", 264)])
t.add_special_tokens([AddedToken("<s>", special=True, normalized=False), AddedToken("</s>", special=True, normalized=False)])
record("model of Llama", t, pairs=[("the dog", "你好 😀")])
for name, options in {"fused": {"fuse_unk": True}, "single": {}, "no unknown": {"unk_token": None}}.items():
    t = Tokenizer(models.BPE(vocab={"<unk>": 0, "a": 1, "o": 2, "d": 3, "do": 4, "aa": 5, "aaa": 6}, merges=[("a", "a"), ("d", "o"), ("aa", "a")], **{"unk_token": "<unk>", **options}))
    # Without a token for unknown letters, the library's offsets leave these out, and point elsewhere.
    record(f"model BPE {name}", t, texts + corpus[:3] + ["a" * 97 + "xdodoy"], places=name != "no unknown")
t = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
t.pre_tokenizer, t.decoder = P.Whitespace(), decoders.BPEDecoder()
t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=160, special_tokens=["<unk>"], end_of_word_suffix="</w>", show_progress=False))
record("model BPE with word ends", t)
t = Tokenizer(models.BPE(unk_token="<unk>", continuing_subword_prefix="##"))
t.pre_tokenizer, t.decoder = P.Whitespace(), decoders.WordPiece()
t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=200, special_tokens=["<unk>"], continuing_subword_prefix="##", show_progress=False))
record("model BPE with prefixes", t)
t = Tokenizer(models.BPE(vocab={"a": 0, "b": 1, "ab": 2, "abb": 3}, merges=[("a", "b")], ignore_merges=True))
record("model BPE without merges", t, ["ab", "abb", "abbab"])
for name, fallback in (("Unigram", False), ("Unigram with bytes", True)):
    t = Tokenizer(models.Unigram())
    t.normalizer, t.pre_tokenizer, t.decoder = N.NFKC(), P.Metaspace(), decoders.Metaspace()
    t.train_from_iterator(corpus, trainers.UnigramTrainer(vocab_size=130, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False))
    file = json.loads(t.to_str())
    if fallback:
        file["model"]["vocab"] += [[f"<0x{b:02X}>", 0.0] for b in range(256)]
        file["model"]["byte_fallback"] = True
        file["decoder"] = {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}]}
        t = Tokenizer.from_str(json.dumps(file))
    record(f"model {name}", t, texts + corpus[:4])

# Added tokens
t = plain()
t.normalizer, t.pre_tokenizer = N.Lowercase(), P.Whitespace()
t.add_special_tokens([AddedToken("<s>", special=True), AddedToken("<pad>", special=True, lstrip=True), AddedToken("<mask>", special=True, lstrip=True, rstrip=True)])
t.add_tokens([AddedToken("Day", normalized=True), AddedToken("dog", single_word=True, normalized=False), AddedToken("the", single_word=True), "og", AddedToken("quick", rstrip=True)])
record("added tokens", t, texts + ["Monday DAY <mask>  <mask> x  <pad>", "dogdog dog-dog theog the dog<s>the<s>", "a   <mask>   quick   "])

# Post-processors, truncation, padding
def trained():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer, t.decoder = N.BertNormalizer(), P.BertPreTokenizer(), decoders.WordPiece()
    t.train_from_iterator(corpus, trainers.WordPieceTrainer(vocab_size=150, special_tokens=["[UNK]", "[CLS]", "[SEP]", "[PAD]"], show_progress=False))
    return t


pairs = [("the quick fox", "人工智能 lazy"), ("", "dog"), ("dog", ""), ("", ""), ("the lazy dog jumps over the fox", "a")]
few = texts[:4]
t = trained()
record("pairs", t, few, pairs)
t.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
record("BertProcessing", t, few, pairs)
record("BertProcessing without", t, few, pairs, add_special_tokens=False)
t.post_processor = processors.TemplateProcessing("[CLS]:3 $A:2 [SEP]:1", "[CLS] $B:1 [SEP]:1 $A:0 [SEP]", [("[CLS]", 1), ("[SEP]", 2)])
record("TemplateProcessing", t, few, pairs)
record("TemplateProcessing without", t, few, pairs, add_special_tokens=False)


def cut(*both):
    """Cuts all of a text: `encode` stops where the first piece is full, and forgets what would overflow."""
    parts = [bare.encode(x, add_special_tokens=False) for x in both]
    tokenizer.enable_truncation(**limits)
    return tokenizer.post_process(*parts)


tokenizer = trained()
bare = Tokenizer.from_str(tokenizer.to_str())
tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 1), ("[SEP]", 2)])
for direction in ("left", "right"):
    for strategy in ("longest_first", "only_first"):
        limits = {"max_length": 7, "stride": 1 if strategy == "longest_first" else 0, "strategy": strategy, "direction": direction}
        record(f"truncation {strategy} {direction}", tokenizer, few, [("the quick fox jumps over the dog", "人工"), ("人工智能计算机 the dog", "fox")], encode=cut)
limits = {"max_length": 11, "stride": 2}
tokenizer.enable_padding(pad_id=3, pad_token="[PAD]", length=9, pad_to_multiple_of=8)
record("truncation and padding", tokenizer, few, pairs[1:], encode=cut)
t.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
t.enable_padding(direction="left", pad_id=3, pad_type_id=5, pad_token="[PAD]", length=12, pad_to_multiple_of=8)
record("padding left", t, few, pairs)
t.enable_padding(pad_id=3, pad_token="[PAD]", pad_to_multiple_of=5)
record("padding right", t, few, pairs)
cases["padding right"]["batch"] = [[e.ids, e.attention_mask] for e in t.encode_batch(texts)]

for trim in (True, False):
    for prefix in (True, False):
        t = Tokenizer(models.BPE())
        t.pre_tokenizer, t.decoder = P.ByteLevel(add_prefix_space=prefix), decoders.ByteLevel()
        t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=300, special_tokens=["<s>", "</s>"], initial_alphabet=P.ByteLevel.alphabet(), show_progress=False))
        t.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0), trim, prefix)
        record(f"RobertaProcessing {trim} {prefix}", t, texts if trim else few, pairs)
        if trim:
            t.post_processor = processors.Sequence([processors.ByteLevel(trim), processors.TemplateProcessing("<s> $A", "<s> $A $B", [("<s>", 0)])])
            record(f"Sequence {prefix}", t, texts if prefix else few, pairs)

# Decoders
tokens = ["a", "##b", "▁c", "d</w>", "<0xE4>", "<0xBD>", "<0xA0>", "<0xE4>", "x", "Ġe", " .", "|", "|", "<pad>", "HH", " do not", "▁▁f", "▁"]
unique = list(dict.fromkeys([*tokens, "||"]))
lists = [[unique.index(x) for x in one] for one in (
    tokens, ["▁c", "▁▁f", "▁"], ["<0xE4>"], ["d</w>", "d</w>", "a"], ["|", "|", "<pad>", "a", "a", "<pad>", "a"], ["HH", "HH"],
    [" .", "a", " do not"], ["<0xE4>", "<0xBD>", "<0xA0>", "x"], ["▁", "▁c"])]
chains = {}
D = decoders
for name, decoder in {
    "none": None, "ByteLevel": D.ByteLevel(), "WordPiece": D.WordPiece(), "WordPiece plain": D.WordPiece("▁", False), "Metaspace": D.Metaspace(),
    "Metaspace never": D.Metaspace(prepend_scheme="never"), "BPEDecoder": D.BPEDecoder(), "ByteFallback": D.ByteFallback(), "Fuse": D.Fuse(),
    "Replace": D.Replace(Regex("[▁Ġ]"), " "), "CTC": D.CTC(), "CTC plain": D.CTC(cleanup=False), "Strip": D.Sequence([D.Fuse(), D.Strip("H", 1, 0)]),
}.items():
    t = Tokenizer(models.WordLevel({w: i for i, w in enumerate(unique)}, "a"))
    if decoder:
        t.decoder = decoder
    chains[name] = {"file": t.to_str(), "lists": lists, "texts": [t.decode(ids) for ids in lists]}

path = Path(__file__).with_name("tokenizer-parts.json")
path.write_text(json.dumps({"texts": texts, "cases": cases, "decoders": chains}, ensure_ascii=False, separators=(",", ":")) + "\n")
print(path.stat().st_size)
