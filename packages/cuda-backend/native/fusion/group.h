// What a graph holds back: chains that have nothing to do with each other, each over its own number
// of elements. They become one kernel, too, whose blocks are shared out among them.
#pragma once

#include <vector>

#include "chain.h"

namespace flambeau::cuda::fusion {

class Group {
 public:
  static constexpr int kMostChains = 8;
  // Their operands and numbers fit into the 4 KB that arguments of a kernel have.
  static constexpr int kMostSteps = 64;
  // Of heavy steps: compilers take a second for a handful of them.
  static constexpr int kMostHeavy = 8;

  bool empty() const { return chains_.empty(); }
  // How many steps are held.
  int size() const;
  const std::vector<Chain>& chains() const { return chains_; }
  // Takes a step, if it can be computed together with all that is held.
  bool take(Step& step);
  // Memory at `data` was given back: nobody will read it.
  void forget(const void* data);

 private:
  std::vector<Chain> chains_;
  int heavy_ = 0;
};

}  // namespace flambeau::cuda::fusion
