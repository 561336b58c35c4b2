#include "allocator.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace flambeau::cuda {

namespace {

size_t round_up(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

}  // namespace

bool Allocator::Smaller::operator()(const Block* a, const Block* b) const {
  const std::less<const void*> before;
  if (a->stream != b->stream) return before(a->stream, b->stream);
  if (a->bytes != b->bytes) return a->bytes < b->bytes;
  return before(a->data, b->data);
}

Allocator::Allocator(std::unique_ptr<MemoryDriver> driver, std::string name)
    : driver_(std::move(driver)), name_(std::move(name)), limit_(SIZE_MAX) {}

Allocator::~Allocator() {
  for (auto& [mark, block] : waiting_) driver_->forget(mark);
  for (auto& [data, segment] : segments_) {
    for (Block* block = segment->first; block;) delete std::exchange(block, block->next);
    driver_->release(segment->data);
  }
}

Allocator::FreeBlocks& Allocator::free_blocks(const Segment& segment) {
  return segment.is_small ? segment.pool->small : segment.pool->large;
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
  cut(block, rounded);
  block->used = true;
  block->asked = bytes;
  live_.emplace(block->data, block);
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
  if (at == blocks.end() || (*at)->stream != stream) return nullptr;
  Block* const block = *at;
  blocks.erase(at);
  if (block->previous || block->next) stats_.split_bytes.remove(static_cast<int64_t>(block->bytes));
  return block;
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
  Block* const block = segment->first = new Block{segment->data, size, 0, stream, segment.get()};
  segments_.emplace(segment->data, std::move(segment));
  ++pool.segments;
  stats_.reserved_bytes.add(static_cast<int64_t>(size));
  stats_.segments.add(1);
  (is_small ? stats_.small_segments : stats_.large_segments).add(1);
  return block;
}

// Leaves the block with `bytes` bytes where the rest is worth a block.
void Allocator::cut(Block* block, size_t bytes) {
  const size_t rest = block->bytes - bytes;
  if (block->segment->is_small ? rest < kGranule : rest <= kSmallMost) return;
  Block* const free =
      new Block{block->data + bytes, rest, 0, block->stream, block->segment, block, block->next};
  if (block->next) block->next->previous = free;
  block->next = free;
  block->bytes = bytes;
  free_blocks(*block->segment).insert(free);
  stats_.split_bytes.add(static_cast<int64_t>(rest));
}

void Allocator::deallocate(void* data) {
  if (!data) return;
  const std::lock_guard lock(mutex_);
  const auto at = live_.find(data);
  if (at == live_.end()) return;
  Block* const block = at->second;
  live_.erase(at);
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

void Allocator::make_free(Block* block) {
  stats_.active_bytes.remove(static_cast<int64_t>(block->bytes));
  block->used = false;
  block->asked = 0;
  if (block->next && !block->next->used) block = join(block, block->next);
  if (block->previous && !block->previous->used) block = join(block->previous, block);
  free_blocks(*block->segment).insert(block);
  if (block->previous || block->next) {
    stats_.split_bytes.add(static_cast<int64_t>(block->bytes));
  } else if (block->segment->pool->released) {
    release_free_segments(*block->segment->pool);
  }
}

// Two neighbours, of which at most one is among the free blocks, become one
// that is not.
Allocator::Block* Allocator::join(Block* block, Block* other) {
  for (Block* part : {block, other})
    if (free_blocks(*part->segment).erase(part) > 0)
      stats_.split_bytes.remove(static_cast<int64_t>(part->bytes));
  block->bytes += other->bytes;
  block->next = other->next;
  if (block->next) block->next->previous = block;
  delete other;
  return block;
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
  const auto live = live_.find(data);
  if (live != live_.end()) return live->second;
  const char* const place = static_cast<const char*>(data);
  auto at = segments_.upper_bound(place);
  if (at == segments_.begin()) return nullptr;
  const Segment& segment = *(--at)->second;
  if (place >= segment.data + segment.bytes) return nullptr;
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
  Block* const block = segment->first;
  free_blocks(*segment).erase(block);
  delete block;
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
