#include "recurrent_layer.h"

namespace flambeau {

namespace {

int64_t gates_of(Cell cell) { return cell == Cell::kLstm ? 4 : cell == Cell::kGru ? 3 : 1; }

}  // namespace

RecurrentPlan::RecurrentPlan(Call& call, const Tensor& x, const Tensor& h0,
                             const Tensor& hidden_weight, int counts) {
  const int64_t kind = call.integer(0);
  require_recurrent(kind >= 0 && kind <= 3, "there is no such recurrent cell");
  cell = static_cast<Cell>(kind);
  gates = gates_of(cell);
  reverse = call.flag(1);
  packed = call.has(counts);
  require_recurrent(h0.ndim() == 2 && hidden_weight.ndim() == 2,
                    "states and weights have two axes");
  batch = h0.size(0);
  state = h0.size(1);
  require_recurrent(hidden_weight.size(1) == state && hidden_weight.size(0) % gates == 0,
                    "the hidden weights do not fit the state");
  hidden = hidden_weight.size(0) / gates;
  const bool one_step = !packed && x.ndim() == 2;
  require_recurrent(x.ndim() == (packed || one_step ? 2 : 3), "the input has other axes");
  inputs = x.size(x.ndim() - 1);
  if (one_step) {
    steps = batch_stride = 1;
    require_recurrent(x.size(0) == batch, "the input has another batch");
    rows = step_stride = batch;
    return;
  }
  if (!packed) {
    const bool batch_first = call.flag(2);
    steps = x.size(batch_first ? 1 : 0);
    require_recurrent(x.size(batch_first ? 0 : 1) == batch, "the input has another batch");
    rows = steps * batch;
    step_stride = batch_first ? 1 : batch;
    batch_stride = batch_first ? steps : 1;
    return;
  }
  const Tensor sizes = call.contiguous(call.in(counts));
  require_recurrent(sizes.dtype == DType::kInt64 && sizes.ndim() == 1, "the counts are int64 [T]");
  steps = sizes.numel();
  batch_stride = 1;
  for (int64_t t = 0; t < steps; ++t) {
    const int64_t count = sizes.as<int64_t>()[t];
    const int64_t most = t == 0 ? batch : counts_.back();
    if (count < 1 || count > most || (t == 0 && count != batch)) {
      throw Failure("ERR_VALUE",
                    "the batch sizes of packed sequences start with the batch and never rise");
    }
    counts_.push_back(count);
    starts_.push_back(rows);
    rows += count;
  }
  if (x.size(0) != rows)
    throw Failure("ERR_VALUE", "the batch sizes of packed sequences do not add up to their rows");
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
