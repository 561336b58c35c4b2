"""Writes tfidf.json: what scikit-learn makes of a few texts.

    python tfidf.py        needs scikit-learn
"""
import json
from pathlib import Path

from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

texts = [
    "The quick brown fox jumps over the lazy dog; the dog sleeps.",
    "A dog is a dog, and a fox is not a dog!",
    "我们 学习 深度 学习, deep_learning 2024 Straße CAFÉ café",
    "",
    "the the the fox_1 x y z",
]
cases = [
    ({}, {}),
    ({"norm": "l1", "sublinear_tf": True}, {"norm": "l1", "sublinearTf": True}),
    ({"norm": None, "smooth_idf": False}, {"norm": None, "smoothIdf": False}),
    ({"use_idf": False, "binary": True}, {"useIdf": False, "binary": True}),
    ({"ngram_range": (1, 2), "stop_words": ["the", "is"]}, {"ngramRange": [1, 2], "stopWords": ["the", "is"]}),
    ({"min_df": 2, "lowercase": False}, {"minDf": 2, "lowercase": False}),
    ({"max_df": 0.3, "max_features": 3}, {"maxDf": 0.3, "maxFeatures": 3}),
    ({"norm": "l2", "sublinear_tf": True, "smooth_idf": False}, {"norm": "l2", "sublinearTf": True, "smoothIdf": False}),
    ({"norm": None, "sublinear_tf": True, "use_idf": False}, {"norm": None, "sublinearTf": True, "useIdf": False}),
    ({"norm": None}, {"norm": None}),
    ({"norm": "l1", "binary": True, "smooth_idf": False}, {"norm": "l1", "binary": True, "smoothIdf": False}),
    ({"min_df": 0.4, "max_df": 0.7}, {"minDf": 0.4, "maxDf": 0.7}),
    ({"min_df": 2, "max_df": 3}, {"minDf": 2, "maxDf": 3}),
    ({"ngram_range": (2, 3), "min_df": 0.1}, {"ngramRange": [2, 3], "minDf": 0.1}),
    ({"strip_accents": "unicode"}, {"stripAccents": "unicode"}),
    ({"strip_accents": "ascii", "norm": "l1"}, {"stripAccents": "ascii", "norm": "l1"}),
    ({"vocabulary": ["dog", "the", "unseen", "学习"]}, {"vocabulary": ["dog", "the", "unseen", "学习"]}),
    ({"analyzer": "char_wb", "ngram_range": (4, 5)}, {"analyzer": "char_wb", "ngramRange": [4, 5]}),
    ({"analyzer": "char", "ngram_range": (1, 3), "min_df": 2, "lowercase": False}, {"analyzer": "char", "ngramRange": [1, 3], "minDf": 2, "lowercase": False}),
    ({"analyzer": "char", "ngram_range": (2, 2), "max_features": 6}, {"analyzer": "char", "ngramRange": [2, 2], "maxFeatures": 6}),
]
out = []
for python, options in cases:
    counts = CountVectorizer(**{k: v for k, v in python.items() if k not in ("norm", "sublinear_tf", "smooth_idf", "use_idf")})
    tfidf = TfidfVectorizer(**python)
    x = tfidf.fit_transform(texts).toarray()
    out.append({
        "options": options,
        "terms": tfidf.get_feature_names_out().tolist(),
        "counts": counts.fit_transform(texts).toarray().tolist(),
        "tfidf": x.tolist(),
        "idf": tfidf.idf_.tolist() if tfidf.use_idf else None,
        "unseen": tfidf.transform(["the dog learns"]).toarray()[0].tolist(),
    })
Path(__file__).with_name("tfidf.json").write_text(json.dumps({"texts": texts, "cases": out}) + "\n")
