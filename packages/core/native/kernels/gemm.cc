#include "gemm.h"

#include <oneapi/dnnl/dnnl.h>

#include <algorithm>
#include <new>
#include <optional>
#include <type_traits>

#include "context.h"
#include "gemm_block.h"
#include "isa.h"
#include "onednn.h"
#include "parallel.h"
#include "rounding.h"
#include "scratch.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(GemmTable, gemm_table)

namespace {

// oneDNN generates its float product for the processor at hand, on x86 only.
#if defined(__x86_64__)
constexpr bool kVendorFloat = true;
#else
constexpr bool kVendorFloat = false;
#endif

template <class T>
const GemmFunctions<T>& functions() {
  const GemmTable& table = active::gemm_table();
  if constexpr (std::is_same_v<T, float>) return table.f32;
  if constexpr (std::is_same_v<T, double>) return table.f64;
  if constexpr (std::is_same_v<T, int64_t>) return table.i64;
  if constexpr (std::is_same_v<T, int32_t>) return table.i32;
  if constexpr (std::is_same_v<T, uint8_t>) return table.u8;
}

constexpr int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

// --- one block ---

// Does the [rows, columns] matrix lie as BLAS wants it: one stride 1, the other at least the extent
// of that axis? Axes of size 1 fit anything.
struct Leading {
  bool fits = false;
  bool transposed = false;
  int64_t stride = 0;
};
template <class T>
Leading leading(const Matrix<T>& x, int64_t rows, int64_t columns) {
  if (columns == 1 || x.column == 1) {
    if (rows == 1) return {true, false, columns};
    if (x.row >= columns) return {true, false, x.row};
  }
  if (rows == 1 || x.row == 1) {
    if (columns == 1) return {true, true, rows};
    if (x.column >= rows) return {true, true, x.column};
  }
  return {};
}

bool multiply_by_vendor(const Product<float>& p) {
  const Leading a = leading(p.a, p.m, p.k);
  const Leading b = leading(p.b, p.k, p.n);
  if (!a.fits || !b.fits) return false;
  const OpenMpThreads serial(1);
  const dnnl_status_t status = dnnl_sgemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N', p.m,
                                          p.n, p.k, p.alpha, p.a.data, a.stride, p.b.data, b.stride,
                                          p.accumulate ? 1.0f : 0.0f, p.c, std::max(p.c_row, p.n));
  if (status == dnnl_out_of_memory) throw std::bad_alloc();
  if (status != dnnl_success) throw Failure("ERR_INTERNAL", "oneDNN refused a matrix product");
  return true;
}

// Memory for the panels of one product at a time, taken on first use.
class Workspace {
 public:
  void* get() {
    if (!memory_) memory_.emplace(static_cast<int64_t>(kGemmWorkspace));
    return memory_->data();
  }

 private:
  std::optional<Scratch<char>> memory_;
};

// Without bias and relu.
template <class T>
void multiply_block(const Product<T>& p, Workspace& workspace) {
  if constexpr (std::is_floating_point_v<T>) {
    constexpr int64_t kLeastRow = 64;  // shorter rows are packed
    if (p.m <= kFewRows && p.k >= kLeastRow && p.a.column == 1 && p.b.row == 1)
      return functions<T>().few_rows({p.m, p.n, p.k, p.alpha, p.a.data, p.a.row, 1, p.b.data, 1,
                                      p.b.column, p.c, p.c_row, p.accumulate});
  }
  if constexpr (kVendorFloat && std::is_same_v<T, float>) {
    if (p.k > 0 && multiply_by_vendor(p)) return;
  }
  functions<T>().block({p.m, p.n, p.k, p.alpha, p.a.data, p.a.row, p.a.column, p.b.data, p.b.row,
                        p.b.column, p.c, p.c_row, p.accumulate},
                       workspace.get());
}

template <class T>
void finish(const Product<T>& p) {
  if (p.bias || p.relu) functions<T>().finish(p.m, p.n, p.bias, p.relu, p.c, p.c_row);
}

// Rows [i0, i1) and columns [j0, j1) of a product.
template <class T>
Product<T> part(const Product<T>& p, int64_t i0, int64_t i1, int64_t j0, int64_t j1) {
  Product<T> block = p;
  block.m = i1 - i0;
  block.n = j1 - j0;
  block.a.data += i0 * p.a.row;
  block.b.data += j0 * p.b.column;
  block.c += i0 * p.c_row + j0;
  if (block.bias) block.bias += j0;
  return block;
}

// --- how work is split ---

struct Grid {
  int64_t rows, columns;  // of a block
  int64_t down, across;   // blocks
  int64_t parts = 1;      // runs of k that are summed apart
  double block_ns = 0;    // estimated time of one block

  int64_t blocks() const { return down * across; }
};

// Rough time of a product on one thread. Only the number of blocks depends on it.
template <class T>
double estimate_ns(int64_t m, int64_t n, int64_t k) {
  constexpr double kProducts = std::is_same_v<T, float> ? 100 : std::is_same_v<T, double> ? 50 : 10;
  constexpr double kElements = 16;
  const double dm = static_cast<double>(m), dn = static_cast<double>(n),
               dk = static_cast<double>(k);
  return dm * dn * dk / kProducts + (dm * dk + dk * dn + dm * dn) / kElements;
}

constexpr double kLeastTaskNs = 4000;   // below this a second thread does not pay
constexpr double kGoodTaskNs = 150000;  // tasks of this size are cut further, for even shares
constexpr int64_t kTasksPerThread = 4;
constexpr int64_t kLeastDepth = 1024;

// Cuts [m, n] into blocks: few, near square, even shares for all threads. Packing an element of an
// operand costs about kPack products, and each block packs its own rows of a and columns of b.
template <class T>
Grid plan(int64_t m, int64_t n, int64_t k, int64_t count) {
  constexpr int64_t kRowStep = 8;
  constexpr int64_t kColumnStep = 16;
  constexpr double kPack = 16;
  Grid best{m, n, 1, 1};
  best.block_ns = estimate_ns<T>(m, n, k);
  const double total_ns = best.block_ns * static_cast<double>(count);
  const int64_t threads = in_parallel() ? 1 : num_threads();
  const auto useful = static_cast<int64_t>(std::min(total_ns / kLeastTaskNs, 1e9));
  const int64_t workers = std::min(threads, useful);
  if (workers <= 1) return best;
  const auto per_thread =
      static_cast<int64_t>(std::clamp(total_ns / static_cast<double>(workers) / kGoodTaskNs, 1.0,
                                      static_cast<double>(kTasksPerThread)));
  const int64_t wanted = ceil_div(workers * per_thread, count);
  if (wanted <= 1) return best;
  double best_cost = 0;
  for (int64_t down = 1; down <= std::min(wanted, ceil_div(m, kRowStep)); ++down) {
    Grid grid{};
    grid.rows = std::min(m, round_up(ceil_div(m, down), kRowStep));
    grid.down = ceil_div(m, grid.rows);
    grid.columns = std::min(n, round_up(ceil_div(n, ceil_div(wanted, down)), kColumnStep));
    grid.across = ceil_div(n, grid.columns);
    const auto rows = static_cast<double>(grid.rows);
    const auto columns = static_cast<double>(grid.columns);
    const auto rounds = static_cast<double>(ceil_div(grid.blocks() * count, workers));
    const double cost = rounds * (rows * columns + kPack * (rows + columns));
    if (down > 1 && cost >= best_cost) continue;
    best = grid;
    best_cost = cost;
  }
  if (best.blocks() * count * 2 <= workers)
    best.parts = std::clamp<int64_t>(k / kLeastDepth, 1, workers / (best.blocks() * count));
  best.block_ns = estimate_ns<T>(best.rows, best.columns, k);
  return best;
}

// A product whose result is small and whose k is long: runs of k give partial results that are
// added up in order.
template <class T>
void multiply_parts(const Product<T>& p, int64_t parts) {
  const int64_t depth = ceil_div(p.k, parts);
  parts = ceil_div(p.k, depth);
  const Scratch<T> scratch(parts * p.m * p.n);
  T* const sums = scratch.data();
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    Workspace workspace;
    for (int64_t i = begin; i < end; ++i) {
      Product<T> one = p;
      one.k = std::min(depth, p.k - i * depth);
      one.a.data += i * depth * p.a.column;
      one.b.data += i * depth * p.b.row;
      one.c = sums + i * p.m * p.n;
      one.c_row = p.n;
      one.accumulate = false;
      multiply_block(one, workspace);
    }
  });
  for (int64_t i = 0; i < p.m; ++i) {
    T* c = p.c + i * p.c_row;
    for (int64_t part = 0; part < parts; ++part) {
      const T* from = sums + (part * p.m + i) * p.n;
      if (part == 0 && !p.accumulate) {
        std::copy(from, from + p.n, c);
      } else {
        functions<T>().finish(1, p.n, from, false, c, p.c_row);
      }
    }
  }
  finish(p);
}

}  // namespace

template <class T>
void multiply_serial(const Product<T>& p) {
  if (p.m == 0 || p.n == 0) return;
  Workspace workspace;
  multiply_block(p, workspace);
  finish(p);
}

template <class T>
void multiply_batch(const Product<T>& product, int64_t count, Locate<T> locate,
                    const void* context) {
  if (product.m == 0 || product.n == 0 || count == 0) return;
  const Grid grid = plan<T>(product.m, product.n, product.k, count);
  if (grid.parts > 1) {
    for (int64_t i = 0; i < count; ++i) {
      Product<T> one = product;
      locate(context, i, one);
      multiply_parts(one, grid.parts);
    }
    return;
  }
  const auto grain = std::max<int64_t>(1, static_cast<int64_t>(2 * kLeastTaskNs / grid.block_ns));
  parallel_for(count * grid.blocks(), grain, [&](int64_t begin, int64_t end) {
    Workspace workspace;
    for (int64_t task = begin; task < end; ++task) {
      Product<T> one = product;
      locate(context, task / grid.blocks(), one);
      const int64_t block = task % grid.blocks();
      const int64_t i0 = block / grid.across * grid.rows;
      const int64_t j0 = block % grid.across * grid.columns;
      const Product<T> cut =
          part(one, i0, std::min(one.m, i0 + grid.rows), j0, std::min(one.n, j0 + grid.columns));
      multiply_block(cut, workspace);
      finish(cut);
    }
  });
}

template <class T>
void multiply(const Product<T>& product) {
  multiply_batch(product, 1, [](int64_t, Product<T>&) {});
}

#define FLAMBEAU_PRODUCTS_OF(T)                        \
  template void multiply_serial<T>(const Product<T>&); \
  template void multiply<T>(const Product<T>&);        \
  template void multiply_batch<T>(const Product<T>&, int64_t, Locate<T>, const void*);
FLAMBEAU_PRODUCTS_OF(float)
FLAMBEAU_PRODUCTS_OF(double)
FLAMBEAU_PRODUCTS_OF(int64_t)
FLAMBEAU_PRODUCTS_OF(int32_t)
FLAMBEAU_PRODUCTS_OF(uint8_t)
#undef FLAMBEAU_PRODUCTS_OF

}  // namespace flambeau
