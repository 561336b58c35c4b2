#include "group.h"

#include <utility>

namespace flambeau::cuda::fusion {

int Group::size() const {
  int steps = 0;
  for (const Chain& chain : chains_) steps += chain.size();
  return steps;
}

bool Group::take(Step& step) {
  if (size() == kMostSteps || (step.is_heavy && heavy_ == kMostHeavy)) return false;
  Chain* place = nullptr;
  // What shares memory with one chain must become part of it; with two, that cannot be.
  for (Chain& chain : chains_) {
    if (!chain.meets(step)) continue;
    if (place || !chain.takes(step)) return false;
    place = &chain;
  }
  for (Chain& chain : chains_) {
    if (place) break;
    if (chain.takes(step)) place = &chain;
  }
  if (!place) {
    if (static_cast<int>(chains_.size()) == kMostChains) return false;
    place = &chains_.emplace_back();
  }
  heavy_ += step.is_heavy;
  place->add(std::move(step));
  return true;
}

void Group::forget(const void* data) {
  for (Chain& chain : chains_) chain.forget(data);
}

}  // namespace flambeau::cuda::fusion
