#include "reduce_driver.h"

#include <algorithm>

#include "parallel.h"
#include "streaming.h"

namespace flambeau {

namespace {

constexpr int64_t kMaxPlanes = 2;
constexpr int64_t kMaxItem = 8;
// Contiguous runs shorter than this are turned into columns where outputs lie side by side.
constexpr int64_t kShortRun = 32;
// Rows that are narrower than this, without gaps between them, are taken several at a time.
constexpr int64_t kWideRow = 128;
// Elements that are gathered into a buffer at a time: at least four rows.
constexpr int64_t kGathered = 4 * kReduceColumns;
// Elements of short runs that are taken together.
constexpr int64_t kTogether = 8192;
// Where there are fewer tiles of outputs than this, the reduced elements are split as well.
constexpr int64_t kFewTiles = 32;

// The outputs are cut into tiles: up to kReduceColumns neighbours along the innermost kept axis
// ("columns"), or single outputs where the innermost axis is reduced.
class Driver {
 public:
  Driver(const Tensor& x, const ReducePlan& plan, const ReduceTask& task, Tensor* const* outs,
         int out_count)
      : reducer_(*task.reducer),
        plan_(plan),
        task_(task),
        data_(x.data),
        item_(static_cast<int64_t>(x.item_bytes())),
        copy_(active::copy_table()),
        gather_(copy_.convert[static_cast<int>(x.dtype)][static_cast<int>(x.dtype)]),
        out_count_(out_count) {
    for (int i = 0; i < out_count; ++i) {
      outs_[i] = outs[i]->data;
      out_items_[i] = static_cast<int64_t>(outs[i]->item_bytes());
      streams_ = streams_ || plan.outputs * out_items_[i] >= kStreamBytes;
    }
    column_ = plan.kept.at[0];
    row_ = plan.reduced.at[0];
    const bool by_columns = column_.size > 1 && (!plan.inner_reduced || row_.size < kShortRun);
    // Contiguous runs, one for each output: several are taken by one call.
    by_runs_ = !by_columns && row_.stride == 1 && plan.reduced.count == 1 &&
               plan.count < kTogether && plan.count > 0;
    width_ = by_columns ? std::min(column_.size, kReduceColumns)
             : by_runs_ ? std::min({column_.size, kTogether / plan.count, kReduceColumns})
                        : 1;
    tiles_ = (column_.size - 1) / width_ + 1;
  }

  void run() {
    const int64_t units = plan_.outputs / column_.size * tiles_;
    const int64_t total = plan_.outputs * plan_.count;
    int64_t splits = 1;
    if (units < kFewTiles && total >= 2 * task_.grain)
      splits = std::min({2 * kFewTiles / units, total / task_.grain, plan_.count});
    const int64_t piece = (std::max<int64_t>(plan_.count, 1) - 1) / splits + 1;
    splits = (std::max<int64_t>(plan_.count, 1) - 1) / piece + 1;
    const int64_t grain = std::max<int64_t>(1, task_.grain / (piece * width_));
    if (splits == 1) {
      parallel_for(units, grain, [&](int64_t begin, int64_t end) {
        alignas(64) char acc[kMaxPlanes * kReduceColumns * kMaxItem];
        for (int64_t unit = begin; unit < end; ++unit) {
          const Tile tile = tile_at(unit);
          take(acc, kReduceColumns, tile, 0, plan_.count);
          finish(acc, kReduceColumns, tile);
        }
        if (streams_) copy_.fence();
      });
      return;
    }
    run_split(units, splits, piece, grain);
  }

 private:
  struct Tile {
    const char* x;   // its first element
    int64_t output;  // the first output's position
    int64_t n;       // outputs
  };

  Tile tile_at(int64_t unit) const {
    const int64_t outer = unit / tiles_;
    const int64_t first = (unit - outer * tiles_) * width_;
    const int64_t offset = first * column_.stride + plan_.kept.offset(outer, 1);
    return {data_ + offset * item_, outer * column_.size + first,
            std::min(width_, column_.size - first)};
  }

  // Every piece of every tile has accumulators of its own, which are joined in order afterwards.
  void run_split(int64_t units, int64_t splits, int64_t piece, int64_t grain) {
    const int64_t plane = width_;
    const int64_t bytes = plane * reducer_.planes * reducer_.item_bytes;
    const Tensor parts = empty_tensor({units * splits * bytes}, DType::kUInt8);
    parallel_for(units * splits, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = i % splits * piece;
        take(parts.data + i * bytes, plane, tile_at(i / splits), first,
             std::min(piece, plan_.count - first));
      }
    });
    for (int64_t unit = 0; unit < units; ++unit) {
      const Tile tile = tile_at(unit);
      char* acc = parts.data + unit * splits * bytes;
      for (int64_t i = 1; i < splits; ++i)
        reducer_.combine(acc, plane, acc + i * bytes, plane, tile.n, i * piece,
                         std::min(piece, plan_.count - i * piece));
      finish(acc, plane, tile);
    }
    if (streams_) copy_.fence();
  }

  // Fills the tile's accumulators from the reduced positions first, …, first + count - 1.
  void take(char* acc, int64_t plane, const Tile& tile, int64_t first, int64_t count) const {
    reducer_.clear(acc, plane, tile.n);
    if (by_runs_) {
      return reducer_.runs(acc, plane, tile.x + first * item_, column_.stride * item_, tile.n,
                           count, 0, task_.numbers.param);
    }
    const bool gathers = tile.n > 1 ? column_.stride != 1 : row_.stride != 1;
    const int64_t most =
        std::max<int64_t>(tile.n == 1 ? (gathers ? kGathered : kReduceBlock)
                                      : (gathers ? kGathered : kReduceBlock) / tile.n,
                          4);
    int64_t outer = first == 0 ? 0 : first / row_.size;
    int64_t row = first - outer * row_.size;
    for (int64_t done = 0; done < count;) {
      const int64_t rows = std::min({row_.size - row, count - done, most});
      const char* x = tile.x + (row * row_.stride + plan_.reduced.offset(outer, 1)) * item_;
      if (gathers) {
        take_gathered(acc, plane, x, rows, tile.n, done);
      } else if (tile.n == 1) {
        reducer_.run(acc, plane, x, rows, done, task_.numbers.param);
      } else {
        take_rows(acc, plane, x, rows, tile.n, done);
      }
      done += rows;
      row += rows;
      if (row < row_.size) continue;
      row = 0;
      ++outer;
    }
  }

  void take_rows(char* acc, int64_t plane, const char* x, int64_t rows, int64_t n,
                 int64_t before) const {
    const double param = task_.numbers.param;
    const bool joins = n == row_.stride && n < kWideRow && !reducer_.ordered;
    const int64_t group = joins ? kWideRow / n : 1;
    const int64_t whole = rows / group;
    if (group > 1 && whole > 1) {
      alignas(64) char wide[kMaxPlanes * kWideRow * kMaxItem];
      reducer_.clear(wide, kWideRow, group * n);
      reducer_.rows(wide, kWideRow, x, group * n, whole, group * n, 0, param);
      for (int64_t g = 0; g < group; ++g, before += whole)
        reducer_.combine(acc, plane, wide + g * n * reducer_.item_bytes, kWideRow, n, before,
                         whole);
      x += whole * group * n * item_;
      rows -= whole * group;
      if (rows == 0) return;
    }
    reducer_.rows(acc, plane, x, row_.stride, rows, n, before, param);
  }

  // Rows that are not contiguous pass through a buffer.
  void take_gathered(char* acc, int64_t plane, const char* x, int64_t rows, int64_t n,
                     int64_t before) const {
    alignas(64) char buffer[kGathered * kMaxItem];
    const double param = task_.numbers.param;
    if (n == 1) {
      gather(buffer, x, row_.stride, rows);
      return reducer_.run(acc, plane, buffer, rows, before, param);
    }
    if (row_.stride == 1) {
      copy_.transpose(buffer, n * item_, x, column_.stride * item_, rows, n, item_);
    } else {
      for (int64_t r = 0; r < rows; ++r)
        gather(buffer + r * n * item_, x + r * row_.stride * item_, column_.stride, n);
    }
    reducer_.rows(acc, plane, buffer, n, rows, n, before, param);
  }

  void gather(char* to, const char* from, int64_t stride, int64_t n) const {
    char* const pointers[2] = {to, const_cast<char*>(from)};
    const int64_t strides[2] = {item_, stride * item_};
    gather_(pointers, strides, n, nullptr);
  }

  void finish(const char* acc, int64_t plane, const Tile& tile) const {
    char* outs[2] = {};
    alignas(64) char buffers[2][kReduceColumns * kMaxItem];
    for (int i = 0; i < out_count_; ++i)
      outs[i] = streams_ ? buffers[i] : outs_[i] + tile.output * out_items_[i];
    task_.finish(outs, acc, plane, tile.n, task_.numbers);
    if (!streams_) return;
    for (int i = 0; i < out_count_; ++i)
      copy_.stream(outs_[i] + tile.output * out_items_[i], buffers[i], tile.n * out_items_[i]);
  }

  const Reducer& reducer_;
  const ReducePlan& plan_;
  const ReduceTask& task_;
  const char* data_;
  int64_t item_;
  const CopyTable& copy_;
  Loop gather_;
  int out_count_;
  char* outs_[2] = {};
  int64_t out_items_[2] = {};
  bool streams_ = false;
  bool by_runs_ = false;
  ReduceAxis column_;
  ReduceAxis row_;
  int64_t width_;
  int64_t tiles_;
};

}  // namespace

void run_reduction(const Tensor& x, const ReducePlan& plan, const ReduceTask& task,
                   Tensor* const* outs, int out_count) {
  if (plan.outputs == 0) return;
  Driver(x, plan, task, outs, out_count).run();
}

}  // namespace flambeau
