#include "product_bfloat16.h"

#include <algorithm>

#include "onednn.h"
#include "parallel.h"

namespace flambeau {

namespace {

using dnnl::memory;

// Multiplications for which looking up a primitive pays, one product and all together.
constexpr double kOne = 1 << 15;
constexpr double kAll = 1 << 19;
// Multiplications worth a thread.
constexpr double kPiece = 1 << 21;

bool is_plain(const Matrix<BFloat16>& x, int64_t rows, int64_t columns) {
  return (x.column == 1 && x.row >= columns) || (x.row == 1 && x.column >= rows);
}

memory::desc describe(int64_t rows, int64_t columns, int64_t row, int64_t column) {
  return {{rows, columns}, memory::data_type::bf16, memory::dims{row, column}};
}

// On the calling thread. Primitives are kept by oneDNN, by size.
void multiply_serial(const BFloat16Product& p) {
  const OpenMpThreads serial(1);
  guard_onednn([&] {
    const dnnl::engine& engine = onednn_engine();
    const memory::desc a = describe(p.m, p.k, p.a.row, p.a.column);
    const memory::desc b = describe(p.k, p.n, p.b.row, p.b.column);
    const memory::desc c = describe(p.m, p.n, p.n, 1);
    const memory::desc bias = describe(1, p.n, p.n, 1);
    dnnl::primitive_attr attributes;
    if (p.relu) {
      dnnl::post_ops after;
      after.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
      attributes.set_post_ops(after);
    }
    const auto operation = p.bias ? dnnl::matmul::desc(a, b, bias, c) : dnnl::matmul::desc(a, b, c);
    const dnnl::matmul primitive(dnnl::matmul::primitive_desc(operation, attributes, engine));
    const auto at = [&](const memory::desc& desc, const BFloat16* data) {
      return memory(desc, engine, const_cast<BFloat16*>(data));
    };
    std::unordered_map<int, memory> arguments = {{DNNL_ARG_SRC, at(a, p.a.data)},
                                                 {DNNL_ARG_WEIGHTS, at(b, p.b.data)},
                                                 {DNNL_ARG_DST, at(c, p.c)}};
    if (p.bias) arguments.emplace(DNNL_ARG_BIAS, at(bias, p.bias));
    primitive.execute(onednn_stream(), arguments);
    onednn_stream().wait();
  });
}

}  // namespace

bool has_bfloat16_instructions() {
  static const bool has = [] {
    const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
    const auto needed = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
    return (isa & needed) == needed;
  }();
  return has;
}

bool bfloat16_product_fits(const BFloat16Product& p, int64_t count) {
  const double one = static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
  return one >= kOne && one * static_cast<double>(count) >= kAll && is_plain(p.a, p.m, p.k) &&
         is_plain(p.b, p.k, p.n) && has_bfloat16_instructions();
}

void multiply(const BFloat16Product& p) {
  const double work =
      static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
  const int64_t pieces = std::min(in_parallel() ? int64_t{1} : int64_t{num_threads()},
                                  static_cast<int64_t>(work / kPiece));
  // Bands of rows of c: each reads all of b.
  const int64_t rows = (p.m + std::max<int64_t>(pieces, 1) - 1) / std::max<int64_t>(pieces, 1);
  if (rows == p.m) return multiply_serial(p);
  parallel_for((p.m + rows - 1) / rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t piece = begin; piece < end; ++piece) {
      BFloat16Product band = p;
      band.m = std::min(rows, p.m - piece * rows);
      band.a.data += piece * rows * p.a.row;
      band.c += piece * rows * p.n;
      multiply_serial(band);
    }
  });
}

}  // namespace flambeau
