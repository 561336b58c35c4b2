// Copies: between any two layouts, from any type to any other. What a conversion does to values
// that do not fit is written in simd/copy.h.
#include <algorithm>

#include "devices.h"
#include "iterate.h"
#include "kernel.h"
#include "overlap.h"
#include "parallel.h"
#include "streaming.h"

namespace flambeau {

namespace {

struct Axis {
  int64_t size;
  int64_t to;  // strides in bytes
  int64_t from;
};

// The axes of a copy, innermost in `to` first, those of size 1 left out and those that are
// contiguous together in both tensors merged.
struct Axes {
  int count = 0;
  Axis at[kMaxDims];

  Axes(const Tensor& to, const Tensor& from) {
    const int64_t item = static_cast<int64_t>(to.item_bytes());
    for (int i = to.ndim() - 1; i >= 0; --i)
      if (to.size(i) != 1) at[count++] = {to.size(i), to.stride(i) * item, from.stride(i) * item};
    std::stable_sort(at, at + count, [](const Axis& a, const Axis& b) { return a.to < b.to; });
    int kept = 0;
    for (int i = 0; i < count; ++i) {
      Axis* last = kept > 0 ? &at[kept - 1] : nullptr;
      if (last && at[i].to == last->to * last->size && at[i].from == last->from * last->size) {
        last->size *= at[i].size;
      } else {
        at[kept++] = at[i];
      }
    }
    count = kept;
  }
};

// With fewer rows, copying row by row is as fast.
constexpr int64_t kMinRows = 4;
// Rows of the output that one step of the parallel loop turns; more where they are short.
constexpr int64_t kRowBlock = 64;
constexpr int64_t kBlockItems = 4096;

// Copies where the innermost axes of the two tensors differ (a transpose, N,C,H,W <-> N,H,W,C) by
// turning tiles. False where the tensors are not of this kind; same type and shape required.
bool copy_turned(const Tensor& to, const Tensor& from) {
  const int64_t item = static_cast<int64_t>(to.item_bytes());
  Axes axes(to, from);
  if (axes.count < 2 || axes.at[0].to != item) return false;
  int turned = 0;
  for (int i = 1; i < axes.count; ++i)
    if (axes.at[i].from == item) turned = i;
  if (turned == 0 || axes.at[turned].size < kMinRows) return false;
  const Axis columns = axes.at[0];
  const Axis rows = axes.at[turned];
  Axis outer[kMaxDims];
  int outer_count = 0;
  int64_t planes = 1;
  for (int i = 1; i < axes.count; ++i) {
    if (i == turned) continue;
    outer[outer_count++] = axes.at[i];
    planes *= axes.at[i].size;
  }
  const int64_t row_block = std::max(kRowBlock, kBlockItems / columns.size / kRowBlock * kRowBlock);
  const int64_t blocks = (rows.size + row_block - 1) / row_block;
  const int64_t block_items = std::min(row_block, rows.size) * columns.size;
  const int64_t grain = std::max<int64_t>(1, kGrain / block_items);
  const CopyTable& table = active::copy_table();
  parallel_for(planes * blocks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      int64_t plane = unit / blocks;
      const int64_t row = unit % blocks * row_block;
      char* y = to.data + row * rows.to;
      const char* x = from.data + row * rows.from;
      for (int i = 0; i < outer_count; ++i) {
        y += plane % outer[i].size * outer[i].to;
        x += plane % outer[i].size * outer[i].from;
        plane /= outer[i].size;
      }
      table.transpose(y, rows.to, x, columns.from, std::min(row_block, rows.size - row),
                      columns.size, item);
    }
  });
  return true;
}

// Runs of fewer bytes are not worth a loop of their own; longer ones cost little per call anyway.
constexpr int64_t kMinRun = 64;
constexpr int64_t kMaxRun = 8192;

// Copies where the innermost axis is contiguous in both tensors (heads brought before steps, a part
// of wide rows). False where it is not; same type and shape required.
bool copy_runs(const Tensor& to, const Tensor& from) {
  const int64_t item = static_cast<int64_t>(to.item_bytes());
  const Axes axes(to, from);
  if (axes.count < 2 || axes.at[0].to != item || axes.at[0].from != item) return false;
  const int64_t bytes = axes.at[0].size * item;
  if (bytes < kMinRun || bytes > kMaxRun) return false;
  int64_t runs = 1;
  for (int i = 1; i < axes.count; ++i) runs *= axes.at[i].size;
  const int64_t grain = std::max<int64_t>(1, kGrain / axes.at[0].size);
  const CopyTable& table = active::copy_table();
  const Axis row = axes.at[1];
  parallel_for(runs, grain, [&](int64_t begin, int64_t end) {
    while (begin < end) {
      int64_t outer = begin / row.size;
      const int64_t first = begin % row.size;
      const int64_t count = std::min(row.size - first, end - begin);
      char* y = to.data + first * row.to;
      const char* x = from.data + first * row.from;
      for (int i = 2; i < axes.count; ++i) {
        y += outer % axes.at[i].size * axes.at[i].to;
        x += outer % axes.at[i].size * axes.at[i].from;
        outer /= axes.at[i].size;
      }
      table.runs(y, row.to, x, row.from, count, bytes);
      begin += count;
    }
  });
  return true;
}

// Copies n elements that are contiguous in the output.
void copy_flat(Loop loop, char* to, const char* from, int64_t to_item, int64_t from_stride,
               int64_t n) {
  const bool streams = n * to_item >= kStreamBytes;
  parallel_for(n, kGrain, [&](int64_t begin, int64_t end) {
    const auto piece = [&](char* out, int64_t first, int64_t last) {
      char* const pointers[2] = {out, const_cast<char*>(from) + first * from_stride};
      const int64_t strides[2] = {to_item, from_stride};
      loop(pointers, strides, last - first, nullptr);
    };
    if (streams) {
      stream_pieces(to, to_item, begin, end, piece);
    } else {
      piece(to + begin * to_item, begin, end);
    }
  });
}

}  // namespace

void copy_into(const Tensor& to, const Tensor& from) {
  if (to.numel() == 0 || (to.dtype == from.dtype && same_elements(to, from))) return;
  require_writable(to);
  if (overlaps(to, from)) {
    const Tensor apart = empty_tensor(from.shape, from.dtype, nullptr, device_of(from));
    copy_into(apart, from);
    return copy_into(to, apart);
  }
  if (any_device() && (device_of(to) || device_of(from))) return copy_between(to, from);
  const Loop loop =
      active::copy_table().convert[static_cast<int>(from.dtype)][static_cast<int>(to.dtype)];
  const Iteration<2> iteration(to.shape, {&to, &from});
  const int64_t to_item = static_cast<int64_t>(to.item_bytes());
  if (iteration.is_flat() && iteration.inner_strides()[0] == to_item)
    return copy_flat(loop, to.data, from.data, to_item, iteration.inner_strides()[1],
                     iteration.numel());
  if (to.dtype == from.dtype && to.shape == from.shape &&
      (copy_turned(to, from) || copy_runs(to, from)))
    return;
  iteration.run(kGrain, [loop](const auto& pointers, const auto& strides, int64_t n) {
    loop(pointers.data(), strides.data(), n, nullptr);
  });
}

namespace {

// The source of a copy is its last input: `copy(x)` makes a tensor, `copy(target, x)` writes into
// the target that was given as an input too.
const Tensor& source(const Call& call) { return call.in(call.num_inputs() - 1); }

}  // namespace

// y = x, in the type and shape of the output (x broadcasts), in the memory order of x.
FLAMBEAU_KERNEL_ANY_DEVICE(copy) {
  const Tensor& x = source(call);
  copy_into(call.out_like(0, x), x);
}

// The same under another name, for Tensor.to.
FLAMBEAU_KERNEL_ANY_DEVICE(cast) {
  const Tensor& x = source(call);
  copy_into(call.out_like(0, x), x);
}

// y = x, row-major.
FLAMBEAU_KERNEL_ANY_DEVICE(contiguous) {
  const Tensor& x = source(call);
  copy_into(call.out(0), x);
}

// x, device -> x on the device of that ordinal, with its axes in memory in the same order. Where it
// is there already, a copy.
FLAMBEAU_KERNEL_ANY_DEVICE(transfer) {
  const Tensor& x = call.in(0);
  call.move_to(static_cast<int>(call.integer(0)));
  Tensor& y = call.out_like(0, x);
  y.storage->turned = x.storage && x.storage->turned;
  copy_into(y, x);
}

}  // namespace flambeau
