// Copies that change the type: each type from each, as loops of one operation.
#include "copy.h"
#include "elementwise_loops.h"

namespace flambeau::cuda {

namespace {

// To the type that elements of the new one are computed with; they narrow themselves.
template <class To>
struct Convert {
  template <class From>
  __device__ To operator()(From x) const {
    return converted<To>(x);
  }
};

template <class To, class From>
using ConvertLoops =
    ElementwiseLoops<Plain<Convert<Computed<To>>>, Computed<To>, From, To, 1, Cost::kCheap>;

template <class From, class... To>
constexpr void fill_row(ElementwiseLaunch (&flat)[kNumDTypes],
                        ElementwiseLaunch (&strided)[kNumDTypes]) {
  ((flat[static_cast<int>(dtype_of<To>)] = ConvertLoops<To, From>::flat), ...);
  ((strided[static_cast<int>(dtype_of<To>)] = ConvertLoops<Computed<To>, Computed<From>>::strided),
   ...);
}

struct Table {
  ElementwiseLaunch flat[kNumDTypes][kNumDTypes];  // by the old type, then by the new one
  ElementwiseLaunch strided[kNumDTypes][kNumDTypes];
};

template <class... T>
constexpr Table table_of() {
  Table table = {};
  (fill_row<T, T...>(table.flat[static_cast<int>(dtype_of<T>)],
                     table.strided[static_cast<int>(dtype_of<T>)]),
   ...);
  return table;
}

constexpr Table kTable =
    table_of<float, double, int64_t, int32_t, uint8_t, bool, Half, BFloat16, int8_t, int16_t>();

}  // namespace

void convert_axes(cudaStream_t stream, const Axes& axes, DType to, DType from) {
  const ElementwiseInput input = {from, false, 0, 0};
  const bool flat = axes.contiguous(0) && (axes.contiguous(1) || axes.single(1));
  const int row = static_cast<int>(from), column = static_cast<int>(to);
  const ElementwiseLaunch convert = flat ? kTable.flat[row][column] : kTable.strided[row][column];
  convert({axes, &input, to, nullptr, nullptr, stream});
}

}  // namespace flambeau::cuda
