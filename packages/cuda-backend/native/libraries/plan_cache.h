// Plans of library calls, made once per key: the ones used last are kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace flambeau::cuda {

// Keys are lists of numbers. Threads may share a cache; a plan that fell out of it lives on for
// those who still use it.
template <size_t numbers, class Plan>
class PlanCache {
 public:
  using Key = std::array<int64_t, numbers>;

  explicit PlanCache(size_t capacity) : capacity_(capacity) {}

  // The plan for `key`, made by make() where there is none: without the lock, since it may ask core
  // for memory. Of two threads that make one at once, the first one's is kept.
  template <class Make>
  std::shared_ptr<Plan> get(const Key& key, Make&& make) {
    if (std::shared_ptr<Plan> found = find(key)) return found;
    std::shared_ptr<Plan> made = make();
    const std::lock_guard lock(mutex_);
    if (const auto there = index_.find(key); there != index_.end()) return there->second->second;
    plans_.emplace_front(key, made);
    index_.emplace(key, plans_.begin());
    if (plans_.size() > capacity_) {
      index_.erase(plans_.back().first);
      plans_.pop_back();
    }
    return made;
  }

  size_t size() {
    const std::lock_guard lock(mutex_);
    return plans_.size();
  }

 private:
  struct Hash {
    size_t operator()(const Key& key) const {
      uint64_t hash = 0xcbf29ce484222325;
      for (int64_t part : key) {
        hash = (hash ^ static_cast<uint64_t>(part)) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 29;
      }
      return static_cast<size_t>(hash);
    }
  };

  std::shared_ptr<Plan> find(const Key& key) {
    const std::lock_guard lock(mutex_);
    const auto there = index_.find(key);
    if (there == index_.end()) return nullptr;
    plans_.splice(plans_.begin(), plans_, there->second);
    return plans_.front().second;
  }

  using Plans = std::list<std::pair<Key, std::shared_ptr<Plan>>>;
  std::mutex mutex_;
  Plans plans_;
  std::unordered_map<Key, typename Plans::iterator, Hash> index_;
  const size_t capacity_;
};

}  // namespace flambeau::cuda
