// Memory of captured graphs: pools of their own, and what they use of the
// memory outside.
#include <algorithm>
#include <utility>

#include "allocator.h"

namespace flambeau::cuda {

Allocator::Pool& Allocator::pool_for_this_thread() {
  for (const Capture& capture : captures_)
    if (capture.thread == std::this_thread::get_id()) return *capture.pool;
  return main_;
}

PoolId Allocator::begin_pool() {
  const std::lock_guard lock(mutex_);
  const PoolId id = next_pool_++;
  auto pool = std::make_unique<Pool>();
  pool->id = id;
  captures_.push_back({std::this_thread::get_id(), pool.get()});
  pools_.emplace(id, std::move(pool));
  return id;
}

void Allocator::end_pool(PoolId pool) {
  const std::lock_guard lock(mutex_);
  captures_.erase(std::remove_if(captures_.begin(), captures_.end(),
                                 [&](const Capture& c) { return c.pool->id == pool; }),
                  captures_.end());
  if (!captures_.empty()) return;
  for (Block* block : std::exchange(after_capture_, {})) mark_users(block);
}

void Allocator::release_pool(PoolId id) {
  const std::lock_guard lock(mutex_);
  const auto at = pools_.find(id);
  if (at == pools_.end()) return;
  for (Block* block : std::exchange(held_[id], {})) {
    block->holders.erase(std::remove(block->holders.begin(), block->holders.end(), id),
                         block->holders.end());
    give_back(block);
  }
  held_.erase(id);
  // What is still in use, given back later, is no longer held by this graph.
  live_.for_each([id](Block* block) {
    block->holders.erase(std::remove(block->holders.begin(), block->holders.end(), id),
                         block->holders.end());
  });
  for (auto& [other, blocks] : held_)
    for (Block* block : blocks)
      block->holders.erase(std::remove(block->holders.begin(), block->holders.end(), id),
                           block->holders.end());
  // Its memory goes back to the driver, some of it perhaps later, with the last
  // block in use.
  at->second->released = true;
  release_free_segments(*at->second);
}

void Allocator::hold(const void* data, PoolId pool) {
  const std::lock_guard lock(mutex_);
  Block* const block = block_around(data);
  if (!block || block->segment->pool->id == pool) return;
  if (std::find(block->holders.begin(), block->holders.end(), pool) == block->holders.end())
    block->holders.push_back(pool);
}

}  // namespace flambeau::cuda
