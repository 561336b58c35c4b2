#include "runtime/block_table.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <random>

namespace flambeau::cuda {

namespace {

struct Block {
  char* data;
};

char* address(uint32_t number) {
  return reinterpret_cast<char*>(uintptr_t{0x7f0000000000} + uintptr_t{number} * 512);
}

}  // namespace

TEST_CASE("a table of blocks finds those that were put in and not taken out") {
  BlockTable<Block> table;
  std::map<uint32_t, std::unique_ptr<Block>> there;
  std::mt19937 random(7);
  for (int i = 0; i < 60000; ++i) {
    // Few addresses, many of which lie side by side, so that places collide.
    const uint32_t number = random() % 4000 + (random() % 2 ? 0 : 1u << 20);
    const auto at = there.find(number);
    REQUIRE(table.find(address(number)) == (at == there.end() ? nullptr : at->second.get()));
    if (at == there.end()) {
      auto block = std::make_unique<Block>(Block{address(number)});
      table.insert(block.get());
      there.emplace(number, std::move(block));
    } else {
      REQUIRE(table.remove(address(number)) == at->second.get());
      REQUIRE(table.remove(address(number)) == nullptr);
      there.erase(at);
    }
    REQUIRE(table.size() == there.size());
  }
  size_t count = 0;
  table.for_each([&](Block* block) {
    ++count;
    CHECK(table.find(block->data) == block);
  });
  CHECK(count == there.size());
}

}  // namespace flambeau::cuda
