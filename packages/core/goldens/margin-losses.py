"""Goldens of ops/margin-losses.ts, ops/binary-loss.ts and ops/similarity.ts."""
import torch

from golden import Goldens, rand, randint, randn

g = Goldens(__file__)
SIGNS = torch.tensor([1, -1, 1, -1, -1])
for i, reduction in enumerate(("none", "mean", "sum")):
    g.case(f"hinge/{reduction}", lambda x, t, r=i: torch.hinge_embedding_loss(x, t, 0.7, r),
           randn(3, 5), SIGNS)
    g.case(f"ranking/{reduction}",
           lambda a, b, t, r=i: torch.margin_ranking_loss(a, b, t, 0.3, r),
           randn(5), randn(5), SIGNS)
    g.case(f"cosine/{reduction}",
           lambda a, b, t, r=i: torch.cosine_embedding_loss(a, b, t, -0.2, r),
           randn(5, 4), randn(5, 4), SIGNS)
    g.case(f"triplet/{reduction}",
           lambda a, p, n, r=i: torch.triplet_margin_loss(a, p, n, 2, 2, 1e-6, False, r),
           randn(4, 3), randn(4, 3), randn(4, 3))
    g.case(f"bce/{reduction}",
           lambda x, t, r=i: torch.binary_cross_entropy_with_logits(
               x, t, torch.tensor([0.5, 0.25, 2, 1]), torch.tensor([3, 0.5, 1, 2]), r),
           5 * randn(3, 4), rand(3, 4))
g.case("hinge/default", torch.hinge_embedding_loss, randn(4), torch.tensor([1.0, -1, 1, -1]))
g.case("ranking/integers", torch.margin_ranking_loss, randint(-5, 5, (5,)), randint(-5, 5, (5,)),
       SIGNS)
g.case("cosine/one pair", torch.cosine_embedding_loss, randn(4), randn(4), torch.tensor(-1))
g.case("cosine/integers", torch.cosine_embedding_loss, randint(-5, 5, (5, 3)),
       randint(-5, 5, (5, 3)), SIGNS)
g.case("triplet/swapped", lambda a, p, n: torch.triplet_margin_loss(a, p, n, 1.5, 3, 1e-3, True),
       randn(4, 3), randn(4, 3), randn(4, 3))
g.case("bce/plain", torch.binary_cross_entropy_with_logits, randn(6), rand(6))
g.case("bce/large scores", lambda x, t: torch.binary_cross_entropy_with_logits(x, t, reduction=0),
       torch.tensor([100.0, -100, 1e30, -1e30]), torch.tensor([0.0, 0, 1, 0]), grad=False)
g.case("cosineSimilarity/plain", torch.cosine_similarity, randn(3, 4), randn(3, 4))
g.case("cosineSimilarity/broadcast", lambda a, b: torch.cosine_similarity(a, b, 0, 0.5),
       randn(3, 1), 0.3 * randn(4))
g.case("cosineSimilarity/float64", lambda a, b: torch.cosine_similarity(a, b, dim=-1),
       randn(2, 3, 4, dtype=torch.float64), randn(2, 3, 4, dtype=torch.float64))
g.case("pairwiseDistance/plain", torch.pairwise_distance, randn(3, 4), randn(3, 4))
g.case("pairwiseDistance/options", lambda a, b: torch.pairwise_distance(a, b, 3, 0.1, True),
       randn(2, 3, 4), randn(4))
g.case("pairwiseDistance/integers", torch.pairwise_distance, randint(-5, 5, (3, 4)),
       randint(-5, 5, (3, 4)))
g.write()
