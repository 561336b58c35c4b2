#include "allocator.h"

#include <algorithm>
#include <utility>

namespace flambeau::cuda {

namespace {

size_t round_up(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

}  // namespace

Allocator::Allocator(std::unique_ptr<MemoryDriver> driver, std::string name)
    : driver_(std::move(driver)), name_(std::move(name)), limit_(SIZE_MAX) {}

Allocator::~Allocator() {
  for (auto& [mark, block] : waiting_) driver_->forget(mark);
  for (auto& [data, segment] : segments_) {
    for (Block* block = segment->first; block;) delete std::exchange(block, block->next);
    driver_->release(segment->data);
  }
}

void* Allocator::allocate(size_t bytes, StreamName stream, bool outside) {
  if (bytes == 0) return nullptr;
  const std::lock_guard lock(mutex_);
  if (captures_.empty() && !waiting_.empty()) pass_marks(false);
  if (bytes > SIZE_MAX - kLargeSegment) fail(bytes);
  const size_t rounded = round_up(bytes, kGranule);
  const bool is_small = rounded <= kSmallMost;
  Pool& pool = captures_.empty() || outside ? main_ : pool_for_this_thread();
  Block* block = find_free(pool, is_small, rounded, stream);
  if (!block) block = new_segment(pool, is_small, rounded, stream);
  if (!block && captures_.empty()) {
    ++stats_.retries;
    release_unused();
    // Waiting may have freed a block that fits.
    block = find_free(pool, is_small, rounded, stream);
    if (!block) block = new_segment(pool, is_small, rounded, stream);
  }
  if (!block) fail(bytes);
  block = take(block, rounded);
  block->asked = bytes;
  live_.insert(block);
  stats_.allocated_bytes.add(static_cast<int64_t>(block->bytes));
  stats_.active_bytes.add(static_cast<int64_t>(block->bytes));
  stats_.requested_bytes.add(static_cast<int64_t>(bytes));
  stats_.allocations.add(1);
  (is_small ? stats_.small_allocations : stats_.large_allocations).add(1);
  return block->data;
}

Allocator::Block* Allocator::find_free(Pool& pool, bool is_small, size_t bytes, StreamName stream) {
  FreeBlocks& blocks = is_small ? pool.small : pool.large;
  Block wanted{nullptr, bytes, 0, stream, nullptr};
  const auto at = blocks.lower_bound(&wanted);
  return at == blocks.end() || (*at)->stream != stream ? nullptr : *at;
}

Allocator::Block* Allocator::new_segment(Pool& pool, bool is_small, size_t bytes,
                                         StreamName stream) {
  const size_t size = is_small              ? kSmallSegment
                      : bytes < kOwnSegment ? kLargeSegment
                                            : round_up(bytes, kSegmentGranule);
  const size_t reserved = static_cast<size_t>(stats_.reserved_bytes.current);
  if (size > limit_ || reserved > limit_ - size) return nullptr;
  void* const data = driver_->allocate(size);
  if (!data) return nullptr;
  auto segment = std::make_unique<Segment>();
  *segment = {static_cast<char*>(data), size, stream, &pool, is_small, nullptr};
  Block* const block = segment->first = new_block(segment->data, size, segment.get());
  list(block);
  segments_.emplace(segment->data, std::move(segment));
  ++pool.segments;
  stats_.reserved_bytes.add(static_cast<int64_t>(size));
  stats_.segments.add(1);
  (is_small ? stats_.small_segments : stats_.large_segments).add(1);
  return block;
}

void Allocator::deallocate(void* data) {
  if (!data) return;
  const std::lock_guard lock(mutex_);
  Block* const block = live_.remove(data);
  if (!block) return;
  stats_.allocated_bytes.remove(static_cast<int64_t>(block->bytes));
  stats_.requested_bytes.remove(static_cast<int64_t>(block->asked));
  stats_.allocations.remove(1);
  (block->segment->is_small ? stats_.small_allocations : stats_.large_allocations).remove(1);
  give_back(block);
}

// What nobody holds any more becomes free, as soon as other streams are past
// their use of it.
void Allocator::give_back(Block* block) {
  if (!block->holders.empty()) {
    held_[block->holders.back()].push_back(block);
  } else if (block->users.empty()) {
    make_free(block);
  } else if (!captures_.empty()) {
    after_capture_.push_back(block);  // no event can be asked for now
  } else {
    mark_users(block);
  }
}

void Allocator::mark_users(Block* block) {
  for (StreamName stream : block->users) {
    waiting_.emplace_back(driver_->mark(stream), block);
    ++block->marks;
  }
  block->users.clear();
}

void Allocator::pass_marks(bool wait) {
  // Asked first: where the driver throws, the books stay as they are.
  std::vector<bool> past;
  for (auto& [mark, block] : waiting_) {
    if (wait) driver_->wait(mark);
    past.push_back(wait || driver_->is_past(mark));
  }
  std::vector<Block*> ready;
  auto keep = waiting_.begin();
  for (size_t i = 0; i < past.size(); ++i) {
    if (!past[i]) {
      *keep++ = waiting_[i];
      continue;
    }
    driver_->forget(waiting_[i].first);
    if (--waiting_[i].second->marks == 0) ready.push_back(waiting_[i].second);
  }
  waiting_.erase(keep, waiting_.end());
  for (Block* block : ready) make_free(block);
}

Allocator::Block* Allocator::block_around(const void* data) {
  if (Block* const block = live_.find(data)) return block;
  const char* const place = static_cast<const char*>(data);
  auto at = segments_.upper_bound(place);
  if (at == segments_.begin()) return nullptr;
  const Segment& segment = *(--at)->second;
  if (place >= segment.data + segment.bytes) return nullptr;
  if (segment.is_small) {
    // It has too many blocks to go along all of them, but the one in question is not large.
    for (size_t at = static_cast<size_t>(place - segment.data) / kGranule;; --at) {
      Block* const block = live_.find(segment.data + at * kGranule);
      if (block) return place < block->data + block->bytes ? block : nullptr;
      if (at == 0) return nullptr;
    }
  }
  Block* block = segment.first;
  while (place >= block->data + block->bytes) block = block->next;
  return block->used ? block : nullptr;
}

void Allocator::record_use(const void* data, StreamName stream) {
  const std::lock_guard lock(mutex_);
  Block* const block = block_around(data);
  if (!block || block->stream == stream) return;
  if (std::find(block->users.begin(), block->users.end(), stream) == block->users.end())
    block->users.push_back(stream);
}

void Allocator::release_segment(Segment* segment) {
  driver_->release(segment->data);  // first: where it throws, the books stay as they are
  unlist(segment->first);
  drop_block(segment->first);
  --segment->pool->segments;
  stats_.reserved_bytes.remove(static_cast<int64_t>(segment->bytes));
  stats_.segments.remove(1);
  (segment->is_small ? stats_.small_segments : stats_.large_segments).remove(1);
  segments_.erase(segment->data);
}

void Allocator::release_free_segments(Pool& pool) {
  std::vector<Segment*> unused;
  for (auto& [data, segment] : segments_)
    if (segment->pool == &pool && !segment->first->used && !segment->first->next)
      unused.push_back(segment.get());
  for (Segment* segment : unused) release_segment(segment);
  if (pool.released && pool.segments == 0) pools_.erase(pool.id);
}

void Allocator::release_unused() {
  pass_marks(true);
  release_free_segments(main_);
}

void Allocator::empty_cache() {
  const std::lock_guard lock(mutex_);
  if (captures_.empty()) release_unused();
}

void Allocator::set_limit(size_t bytes) {
  const std::lock_guard lock(mutex_);
  limit_ = bytes;
}

}  // namespace flambeau::cuda
