// Blocks of the allocator: how free ones are cut and joined. Most of the time a free block only
// becomes smaller at its front and larger again, and keeps its place among the others.
#include <iterator>
#include <utility>

#include "allocator.h"

namespace flambeau::cuda {

Allocator::FreeBlocks& Allocator::free_blocks(const Segment& segment) {
  return segment.is_small ? segment.pool->small : segment.pool->large;
}

Allocator::Block* Allocator::new_block(char* data, size_t bytes, Segment* segment) {
  Block* block;
  if (spare_blocks_.empty()) {
    block = new Block;
  } else {
    block = spare_blocks_.back().release();
    spare_blocks_.pop_back();
  }
  block->data = data;
  block->bytes = bytes;
  block->stream = segment->stream;
  block->segment = segment;
  block->previous = block->next = nullptr;
  block->used = false;
  block->users.clear();
  block->holders.clear();
  block->marks = 0;
  return block;
}

void Allocator::drop_block(Block* block) { spare_blocks_.emplace_back(block); }

// Counts a free block, or no longer, if it is a part of its segment.
void Allocator::count_split(const Block* block, bool adds) {
  if (!block->previous && !block->next) return;
  const auto bytes = static_cast<int64_t>(block->bytes);
  adds ? stats_.split_bytes.add(bytes) : stats_.split_bytes.remove(bytes);
}

// Puts a block among the free ones.
void Allocator::list(Block* block) {
  FreeBlocks& blocks = free_blocks(*block->segment);
  if (spare_nodes_.empty()) {
    block->listed = blocks.insert(block).first;
    return;
  }
  FreeBlocks::node_type node = std::move(spare_nodes_.back());
  spare_nodes_.pop_back();
  node.value() = block;
  block->listed = blocks.insert(std::move(node)).position;
}

void Allocator::unlist(Block* block) {
  spare_nodes_.push_back(free_blocks(*block->segment).extract(block->listed));
}

// To be called where a block among the free ones has become larger or smaller: most often its place
// is the same.
void Allocator::relist(Block* block) {
  FreeBlocks& blocks = free_blocks(*block->segment);
  const Smaller before;
  const auto at = block->listed, next = std::next(at);
  if ((at == blocks.begin() || before(*std::prev(at), block)) &&
      (next == blocks.end() || before(block, *next)))
    return;
  block->listed = blocks.insert(blocks.extract(at)).position;
}

// A used block of `bytes` bytes, the first ones of a free block, whose rest stays free; all of it
// where the rest is not worth a block.
Allocator::Block* Allocator::take(Block* free, size_t bytes) {
  const size_t rest = free->bytes - bytes;
  count_split(free, false);
  if (free->segment->is_small ? rest < kGranule : rest <= kSmallMost) {
    unlist(free);
    free->used = true;
    return free;
  }
  Block* const block = new_block(free->data, bytes, free->segment);
  block->used = true;
  block->previous = free->previous;
  block->next = free;
  (free->previous ? free->previous->next : free->segment->first) = block;
  free->previous = block;
  free->data += bytes;
  free->bytes = rest;
  relist(free);
  count_split(free, true);
  return block;
}

// Becomes one with the neighbours that are free.
void Allocator::make_free(Block* block) {
  stats_.active_bytes.remove(static_cast<int64_t>(block->bytes));
  Block* const before = block->previous && !block->previous->used ? block->previous : nullptr;
  Block* const after = block->next && !block->next->used ? block->next : nullptr;
  Block* const joined = before ? before : after ? after : block;
  if (before) count_split(before, false);
  if (after) count_split(after, false);
  if (before) {
    before->bytes += block->bytes;
    before->next = block->next;
    if (block->next) block->next->previous = before;
    drop_block(block);
    if (after) {
      unlist(after);
      before->bytes += after->bytes;
      before->next = after->next;
      if (after->next) after->next->previous = before;
      drop_block(after);
    }
    relist(before);
  } else if (after) {
    after->data = block->data;
    after->bytes += block->bytes;
    after->previous = block->previous;
    (block->previous ? block->previous->next : block->segment->first) = after;
    drop_block(block);
    relist(after);
  } else {
    block->used = false;
    list(block);
  }
  count_split(joined, true);
  if (!joined->previous && !joined->next && joined->segment->pool->released)
    release_free_segments(*joined->segment->pool);
}

}  // namespace flambeau::cuda
