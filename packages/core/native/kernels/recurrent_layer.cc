#include "recurrent_layer.h"

namespace flambeau {

RecurrentPlan recurrent_plan(Call& call, const Tensor& x, const Tensor& h0,
                             const Tensor& hidden_weight, int counts) {
  if (!call.has(counts)) return {call, x, h0, hidden_weight, nullptr};
  const Tensor sizes = call.contiguous(call.in(counts));
  require_internal(sizes.dtype == DType::kInt64 && sizes.ndim() == 1, "the counts are int64 [T]");
  const int64_t* const first = sizes.as<int64_t>();
  const std::vector<int64_t> list(first, first + sizes.numel());
  return {call, x, h0, hidden_weight, &list};
}

namespace {

// Calls move(row in the order of steps, row of x) for all rows.
template <class Move>
void for_rows(const RecurrentPlan& plan, Move&& move) {
  const auto grain = std::max<int64_t>(1, 64 / std::max<int64_t>(plan.batch, 1));
  parallel_for(plan.steps, grain, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t)
      for (int64_t n = 0; n < plan.count(t); ++n)
        move(plan.start(t) + n, plan.place(t) + n * plan.batch_stride);
  });
}

}  // namespace

template <class T>
void gather_rows(const RecurrentPlan& plan, int64_t size, const T* from, T* to) {
  for_rows(plan, [=](int64_t row, int64_t place) {
    std::copy_n(from + place * size, size, to + row * size);
  });
}

template <class T>
void scatter_rows(const RecurrentPlan& plan, int64_t size, const T* from, T* to) {
  for_rows(plan, [=](int64_t row, int64_t place) {
    std::copy_n(from + row * size, size, to + place * size);
  });
}

template void gather_rows<float>(const RecurrentPlan&, int64_t, const float*, float*);
template void gather_rows<double>(const RecurrentPlan&, int64_t, const double*, double*);
template void scatter_rows<float>(const RecurrentPlan&, int64_t, const float*, float*);
template void scatter_rows<double>(const RecurrentPlan&, int64_t, const double*, double*);

}  // namespace flambeau
