#include "mma.h"

#include <cstring>
#include <vector>

#include "execution.h"
#include "half.h"
#include "warp.h"
#include "watch/watch.h"

namespace flambeau::cuda::emulation {
namespace {

float number_of(uint16_t bits, bool bfloat16) {
  if (bfloat16) {
    BFloat16 x;
    std::memcpy(&x, &bits, sizeof x);
    return formulas::to_float(x);
  }
  Half x;
  std::memcpy(&x, &bits, sizeof x);
  return formulas::to_float(x);
}
float lower(uint32_t word, bool bfloat16) {
  return number_of(static_cast<uint16_t>(word), bfloat16);
}
float upper(uint32_t word, bool bfloat16) {
  return number_of(static_cast<uint16_t>(word >> 16), bfloat16);
}

struct Copy {
  void* to;
  const void* from;
  int bytes;
  bool valid;
  const void* caller;
};
// Of the threads of the block that runs; the last group is not committed yet.
std::vector<std::vector<Copy>> groups[1024];
bool some_groups = false;
uint64_t product_count = 0;

std::vector<std::vector<Copy>>& own_groups() {
  std::vector<std::vector<Copy>>& own = groups[running_thread()];
  if (own.empty()) own.emplace_back();
  some_groups = true;
  return own;
}

}  // namespace

void multiply_add(const ProductShare& share, std::source_location at) {
  warp_exchange(Exchange::kProduct, 0xffffffffu, reinterpret_cast<uint64_t>(&share), 0, kLanes, at);
}

void finish_product(const ProductShare* const* lanes) {
  ++product_count;
  const bool bfloat16 = lanes[0]->bfloat16;
  float a[16][16], b[16][8];
  for (int lane = 0; lane < kLanes; ++lane) {
    const int group = lane / 4, place = lane % 4;
    for (int i = 0; i < 4; ++i) {
      // Words 1 and 3 are 8 rows below, 2 and 3 are 8 columns further.
      const int row = group + (i % 2 == 1 ? 8 : 0), column = 2 * place + (i >= 2 ? 8 : 0);
      a[row][column] = lower(lanes[lane]->a[i], bfloat16);
      a[row][column + 1] = upper(lanes[lane]->a[i], bfloat16);
    }
    const uint32_t words[2] = {lanes[lane]->b0, lanes[lane]->b1};
    for (int i = 0; i < 2; ++i) {
      b[2 * place + 8 * i][group] = lower(words[i], bfloat16);
      b[2 * place + 8 * i + 1][group] = upper(words[i], bfloat16);
    }
  }
  for (int lane = 0; lane < kLanes; ++lane)
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + (i >= 2 ? 8 : 0), column = 2 * (lane % 4) + i % 2;
      float sum = 0;
      for (int k = 0; k < 16; ++k) sum += a[row][k] * b[k][column];
      lanes[lane]->d[i] += sum;
    }
}

uint64_t products() { return product_count; }

void load_matrices(const MatrixShare& share, std::source_location at) {
  require_aligned(share.row, 16, at);
  watch::read(share.row, 16, FLAMBEAU_CALLER);
  warp_exchange(Exchange::kLoad, 0xffffffffu, reinterpret_cast<uint64_t>(&share), 0, kLanes, at);
}

void finish_load(const MatrixShare* const* lanes) {
  for (int i = 0; i < 4; ++i) {
    uint16_t matrix[8][8];
    for (int r = 0; r < 8; ++r) std::memcpy(matrix[r], lanes[8 * i + r]->row, 16);
    for (int lane = 0; lane < kLanes; ++lane) {
      const int group = lane / 4, pair = lane % 4 * 2;
      const bool turned = lanes[lane]->transposed;
      const uint16_t first = turned ? matrix[pair][group] : matrix[group][pair];
      const uint16_t second = turned ? matrix[pair + 1][group] : matrix[group][pair + 1];
      lanes[lane]->words[i] = static_cast<uint32_t>(second) << 16 | first;
    }
  }
}

void copy_async(void* to, const void* from, int bytes, bool valid, std::source_location at) {
  require_aligned(to, static_cast<size_t>(bytes), at);
  if (valid) require_aligned(from, static_cast<size_t>(bytes), at);
  const auto size = static_cast<size_t>(bytes);
  watch::begin_copy(to, valid ? from : nullptr, size, FLAMBEAU_CALLER);
  own_groups().back().push_back({to, from, bytes, valid, FLAMBEAU_CALLER});
}

void commit_copies() { own_groups().emplace_back(); }

void wait_copies(int pending) {
  std::vector<std::vector<Copy>>& own = own_groups();
  while (own.size() > static_cast<size_t>(pending) + 1) {
    for (const Copy& copy : own.front()) {
      if (copy.valid) {
        std::memcpy(copy.to, copy.from, static_cast<size_t>(copy.bytes));
      } else {
        std::memset(copy.to, 0, static_cast<size_t>(copy.bytes));
      }
      watch::end_copy(copy.to, copy.valid ? copy.from : nullptr, static_cast<size_t>(copy.bytes),
                      copy.caller);
    }
    own.erase(own.begin());
  }
}

void forget_copies() {
  if (!some_groups) return;
  for (std::vector<std::vector<Copy>>& own : groups) own.clear();
  some_groups = false;
}

}  // namespace flambeau::cuda::emulation
